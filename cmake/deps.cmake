# Every dependency, who may use it, and why. Tensors and physics come from pinned wheels (third_party/wheels.tsv, unpacked
# by scripts/wheels), or from a folder that the user names; the rest are Debian 12 packages. scripts/setup brings both.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(nlohmann_json REQUIRED)              # core, preprocess, data, model, eval: JSON
find_package(tomlplusplus REQUIRED)               # core: configuration files
find_package(CLI11 REQUIRED)                      # cli: flags
find_package(ZLIB REQUIRED)                       # sim/libero: stored states in zips
find_package(OpenGL REQUIRED COMPONENTS EGL)      # sim: surfaceless offscreen context
pkg_check_modules(HDF5 REQUIRED IMPORTED_TARGET hdf5-serial)             # data: demonstrations
pkg_check_modules(SENTENCEPIECE REQUIRED IMPORTED_TARGET sentencepiece)  # preprocess: tokenizer
pkg_check_modules(AV REQUIRED IMPORTED_TARGET libavcodec libavformat libavutil libswscale)  # eval: video
find_package(Boost 1.74 REQUIRED)                 # serving: sockets (Asio, Beast; headers alone)
find_package(OpenSSL REQUIRED)                    # serving: TLS, keys
find_package(PNG REQUIRED)                        # serving: pictures in messages
pkg_check_modules(TURBOJPEG REQUIRED IMPORTED_TARGET libturbojpeg)
pkg_check_modules(PROMETHEUS REQUIRED IMPORTED_TARGET prometheus-cpp-core)  # serving: metrics
if(LIBRA_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()

set(LIBRA_SITE ${CMAKE_SOURCE_DIR}/third_party/site)
set(LIBRA_TORCH_ROOT ${LIBRA_SITE}/torch CACHE PATH "LibTorch 2.6 or newer: the folder with include/ and lib/")
set(LIBRA_MUJOCO_ROOT ${LIBRA_SITE}/mujoco CACHE PATH
  "MuJoCo 3: the folder with include/ and libmujoco.so, here or in lib/")

# libra_read_macro(<header> <macro> <out>): the number that the header defines it as, "" without one.
function(libra_read_macro header macro out)
  set(value "")
  if(EXISTS ${header})
    file(STRINGS ${header} lines REGEX "^#define ${macro}[ (]")
    string(REGEX REPLACE "^#define ${macro}[ (]+([0-9]+).*" "\\1" value "${lines}")
  endif()
  set(${out} "${value}" PARENT_SCOPE)
endfunction()

# MuJoCo: sim alone.
find_library(LIBRA_MUJOCO_LIBRARY mujoco PATHS ${LIBRA_MUJOCO_ROOT} ${LIBRA_MUJOCO_ROOT}/lib NO_DEFAULT_PATH NO_CACHE)
if(NOT LIBRA_MUJOCO_LIBRARY)
  message(FATAL_ERROR "No libmujoco.so in ${LIBRA_MUJOCO_ROOT}: run scripts/setup, or name a MuJoCo 3 with -DLIBRA_MUJOCO_ROOT=")
endif()
libra_read_macro(${LIBRA_MUJOCO_ROOT}/include/mujoco/mujoco.h mjVERSION_HEADER mujoco_version)
if(NOT mujoco_version GREATER_EQUAL 330)
  message(FATAL_ERROR "Libra needs MuJoCo 3.3 or newer, found version ${mujoco_version} in ${LIBRA_MUJOCO_ROOT}: name another with -DLIBRA_MUJOCO_ROOT=")
endif()
add_library(mujoco::mujoco SHARED IMPORTED)
set_target_properties(mujoco::mujoco PROPERTIES
  IMPORTED_LOCATION ${LIBRA_MUJOCO_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${LIBRA_MUJOCO_ROOT}/include)

# Arrow and Parquet: data alone. The libraries of the wheel pyarrow, which carry what they need.
file(GLOB libra_arrow_library ${LIBRA_SITE}/pyarrow/libarrow.so.*)
file(GLOB libra_parquet_library ${LIBRA_SITE}/pyarrow/libparquet.so.*)
if(NOT libra_arrow_library OR NOT libra_parquet_library)
  message(FATAL_ERROR "No libarrow and libparquet in ${LIBRA_SITE}/pyarrow: run scripts/setup")
endif()
add_library(libra_arrow INTERFACE IMPORTED)
target_link_libraries(libra_arrow INTERFACE ${libra_parquet_library} ${libra_arrow_library})
target_include_directories(libra_arrow SYSTEM INTERFACE ${LIBRA_SITE}/pyarrow/include)

if(LIBRA_TORCH)
  # LibTorch: nn, model, policy, training. Targets of our own, because find_package(Torch) of a wheel insists on a CUDA toolkit
  # and on the CUDA libraries; a build for the CPU needs neither.
  if(NOT EXISTS ${LIBRA_TORCH_ROOT}/lib/libtorch_cpu.so)
    message(FATAL_ERROR "No lib/libtorch_cpu.so in ${LIBRA_TORCH_ROOT}: run scripts/setup, or name a LibTorch with -DLIBRA_TORCH_ROOT=")
  endif()
  foreach(header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)  # 2.11; 2.6
    if(EXISTS ${LIBRA_TORCH_ROOT}/include/${header})
      libra_read_macro(${LIBRA_TORCH_ROOT}/include/${header} TORCH_VERSION_MAJOR torch_major)
      libra_read_macro(${LIBRA_TORCH_ROOT}/include/${header} TORCH_VERSION_MINOR torch_minor)
      break()
    endif()
  endforeach()
  if("${torch_major}.${torch_minor}" VERSION_LESS 2.6)
    message(FATAL_ERROR "Libra needs LibTorch 2.6 or newer, found version '${torch_major}.${torch_minor}' in ${LIBRA_TORCH_ROOT}: name another with -DLIBRA_TORCH_ROOT=")
  endif()
  file(STRINGS ${LIBRA_TORCH_ROOT}/lib/libc10.so cxx11_names REGEX "St7__cxx1112basic_string" LIMIT_COUNT 1)
  if(NOT cxx11_names)
    message(FATAL_ERROR "The LibTorch in ${LIBRA_TORCH_ROOT} has the C++ ABI of before 2011: take the one that says 'cxx11 ABI', or the wheel that scripts/setup brings")
  endif()
  add_library(libra_torch INTERFACE IMPORTED)
  # Not warning-free, hence system headers.
  target_include_directories(libra_torch SYSTEM INTERFACE
    ${LIBRA_TORCH_ROOT}/include ${LIBRA_TORCH_ROOT}/include/torch/csrc/api/include)
  target_link_libraries(libra_torch INTERFACE
    ${LIBRA_TORCH_ROOT}/lib/libtorch_cpu.so ${LIBRA_TORCH_ROOT}/lib/libc10.so)
  # libtorch_cpu.so of the wheel needs two small CUDA libraries, which lie beside it in site.
  file(GLOB LIBRA_CUDA_RUNTIME ${LIBRA_TORCH_ROOT}/../nvidia/cu13/lib/libcudart.so.*
    ${LIBRA_TORCH_ROOT}/../nvidia/cu13/lib/libcupti.so.*)
  target_link_options(libra_torch INTERFACE
    -Wl,-rpath-link,${LIBRA_TORCH_ROOT}/../nvidia/cu13/lib:${LIBRA_TORCH_ROOT}/lib)
  if(LIBRA_CUDA)
    if(NOT EXISTS ${LIBRA_TORCH_ROOT}/lib/libtorch_cuda.so)
      message(FATAL_ERROR "No lib/libtorch_cuda.so in ${LIBRA_TORCH_ROOT}: run scripts/setup --cuda, or build without -DLIBRA_CUDA=ON")
    endif()
    # Nothing refers to it by name: it registers itself when it is loaded.
    target_link_options(libra_torch INTERFACE
      -Wl,--no-as-needed ${LIBRA_TORCH_ROOT}/lib/libtorch_cuda.so ${LIBRA_TORCH_ROOT}/lib/libc10_cuda.so -Wl,--as-needed)
    target_compile_definitions(libra_torch INTERFACE LIBRA_CUDA)
  endif()
  # training/distributed: c10d's NCCL is inside libtorch_cuda.so, its header reads NCCL's and CUDA's.
  if(LIBRA_CUDA)
    find_path(LIBRA_NCCL_INCLUDE nccl.h HINTS ${LIBRA_SITE}/nvidia/cu13/include /usr/local/cuda/include)
    find_path(LIBRA_CUDA_INCLUDE cuda_runtime_api.h HINTS ${LIBRA_SITE}/nvidia/cu13/include /usr/local/cuda/include)
    if(NOT LIBRA_NCCL_INCLUDE OR NOT LIBRA_CUDA_INCLUDE)
      message(STATUS "No nccl.h and cuda_runtime_api.h (CUDA toolkit): this program trains on one GPU, not on several")
    endif()
  endif()
  # training/distributed: c10d's Gloo is inside libtorch_cpu.so, its header names types of Gloo's own headers.
  find_path(LIBRA_GLOO_INCLUDE gloo/context.h)
  if(NOT LIBRA_GLOO_INCLUDE)
    message(FATAL_ERROR "No gloo/context.h: run scripts/setup (libgloo-dev), or name its folder with -DLIBRA_GLOO_INCLUDE=")
  endif()
endif()
