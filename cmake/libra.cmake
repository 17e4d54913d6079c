# libra_library(<folder> SOURCES ... [DEPENDS targets...] [PRIVATE targets...] [TORCH])
#   makes the static library libra_<folder>. TORCH links LibTorch and uses the shared precompiled header.
# libra_test(<folder> SOURCES ... [DEPENDS targets...] [LABELS ...] [TORCH] [NUMERIC])
#   makes the gtest program <folder>_test from tests/<folder>/*_test.cc; NUMERIC ones run as on lesser processors too.
add_library(libra_flags INTERFACE)
# -Wrestrict fires falsely on std::string concatenation in GCC 12 (GCC bug 105651); bounds of
# LibTorch's vectors in GCC 14.
set(libra_warnings -Wall -Wextra -Wno-unknown-pragmas $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_GREATER_EQUAL:$<CXX_COMPILER_VERSION>,14>>:-Wno-array-bounds>
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_GREATER_EQUAL:$<CXX_COMPILER_VERSION>,14>>:-Wno-stringop-overflow>
  $<$<BOOL:${LIBRA_WERROR}>:-Werror>
  # Several files as one look like headers to GCC, in which unnamed namespaces would be a mistake.
  $<$<AND:$<BOOL:${LIBRA_UNITY}>,$<CXX_COMPILER_ID:GNU>>:-Wno-subobject-linkage>)
target_compile_options(libra_flags INTERFACE "$<BUILD_INTERFACE:${libra_warnings}>")
target_include_directories(libra_flags INTERFACE
  $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}> $<INSTALL_INTERFACE:include>)
target_compile_features(libra_flags INTERFACE cxx_std_20)
# Programs run on any processor of the last ten years; wider instructions are the libraries' choice at run time.
if(LIBRA_NATIVE)
  target_compile_options(libra_flags INTERFACE $<BUILD_INTERFACE:-march=native>)
elseif(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  target_compile_options(libra_flags INTERFACE $<BUILD_INTERFACE:-march=x86-64-v3>)
endif()
find_program(LIBRA_MOLD mold)
if(LIBRA_MOLD)
  # Debian 12's mold (1.10) can begin the part that becomes read-only on the page before its segment, and such a program
  # does not start; which programs it meets is chance.
  add_link_options(-fuse-ld=mold -Wl,-z,norelro)
endif()
if(LIBRA_SANITIZE)
  add_compile_options(-fsanitize=${LIBRA_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${LIBRA_SANITIZE})
endif()

# Tests are compiled once and run for seconds: what they test is optimised, they themselves are not.
set(libra_quickly $<$<CONFIG:Release>:-O0>)

if(LIBRA_TORCH)
  if(NOT EXISTS ${CMAKE_BINARY_DIR}/torch_pch.cc)
    file(WRITE ${CMAKE_BINARY_DIR}/torch_pch.cc "// Carries the precompiled header of LibTorch.\n")
  endif()
  add_library(libra_torch_pch OBJECT ${CMAKE_BINARY_DIR}/torch_pch.cc)
  target_link_libraries(libra_torch_pch PUBLIC libra_flags libra_torch)
  target_precompile_headers(libra_torch_pch PRIVATE ${CMAKE_SOURCE_DIR}/libra/nn/torch.h)
  if(LIBRA_TESTS)
    add_library(libra_torch_test_pch OBJECT ${CMAKE_BINARY_DIR}/torch_pch.cc)
    target_link_libraries(libra_torch_test_pch PUBLIC libra_flags libra_torch GTest::gtest GTest::gmock)
    target_precompile_headers(libra_torch_test_pch PRIVATE ${CMAKE_SOURCE_DIR}/libra/nn/torch.h ${CMAKE_SOURCE_DIR}/tests/support/test.h)
    target_compile_options(libra_torch_test_pch PRIVATE ${libra_quickly})
  endif()
endif()

# libra_precompiled(<target> <owner>): compiles with the precompiled header of another target.
function(libra_precompiled target owner)
  target_precompile_headers(${target} REUSE_FROM ${owner})
  get_target_property(type ${target} TYPE)
  if(type STREQUAL EXECUTABLE)
    # The shared precompiled header is -fPIC; an executable's own -fPIE would not fit it.
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
endfunction()

# libra_target(<target> [DEPENDS ...] [PRIVATE ...] [TORCH] [TEST]): what every target of the project has. TEST: code of
# tests, with their precompiled header.
function(libra_target target)
  cmake_parse_arguments(ARG "TORCH;TEST" "" "DEPENDS;PRIVATE" ${ARGN})
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${LIBRA_UNITY} UNITY_BUILD_BATCH_SIZE 8)
  target_link_libraries(${target} PUBLIC libra_flags ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE})
  if(ARG_TORCH)
    target_link_libraries(${target} PUBLIC libra_torch)
  endif()
  if(ARG_TEST)
    target_compile_options(${target} PRIVATE ${libra_quickly})
    target_link_libraries(${target} PRIVATE GTest::gtest GTest::gmock)
    if(ARG_TORCH)
      libra_precompiled(${target} libra_torch_test_pch)
    else()
      libra_precompiled(${target} libra_test_main)
    endif()
  elseif(ARG_TORCH)
    libra_precompiled(${target} libra_torch_pch)
  endif()
endfunction()

# libra_gtest(<program> [DEPENDS ...] [PRIVATE ...] [TORCH]): what makes an executable a program of tests.
function(libra_gtest program)
  libra_target(${program} TEST ${ARGN})
  target_link_libraries(${program} PRIVATE libra_test_main)
  target_compile_definitions(${program} PRIVATE LIBRA_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
endfunction()

function(libra_library folder)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(libra_${folder} STATIC ${ARG_SOURCES})
  set(torch "")
  if(ARG_TORCH)
    set(torch TORCH)
  endif()
  set_target_properties(libra_${folder} PROPERTIES EXPORT_NAME ${folder})
  set_property(GLOBAL APPEND PROPERTY LIBRA_LIBRARIES libra_${folder})
  libra_target(libra_${folder} ${torch} DEPENDS ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE})
endfunction()

# libra_capabilities(<test> <command...>): the test gets the label numeric and is registered again as on lesser
# processors, with what LibTorch, oneDNN and MKL would choose there.
function(libra_capabilities name)
  set_property(TEST ${name} APPEND PROPERTY LABELS numeric)
  foreach(names "default;SSE41;SSE4_2" "avx2;AVX2;AVX2")
    list(GET names 0 aten)
    list(GET names 1 onednn)
    list(GET names 2 mkl)
    add_test(NAME ${name}.${aten} COMMAND ${ARGN})
    set_tests_properties(${name}.${aten} PROPERTIES LABELS "torch;numeric" TIMEOUT 900
      ENVIRONMENT "OMP_NUM_THREADS=1;ATEN_CPU_CAPABILITY=${aten};ONEDNN_MAX_CPU_ISA=${onednn};MKL_ENABLE_INSTRUCTIONS=${mkl}")
  endforeach()
endfunction()

function(libra_test folder)
  cmake_parse_arguments(ARG "TORCH;NUMERIC" "" "SOURCES;DEPENDS;LABELS" ${ARGN})
  add_executable(${folder}_test ${ARG_SOURCES})
  set(torch "")
  if(ARG_TORCH)
    set(torch TORCH)
  endif()
  libra_gtest(${folder}_test ${torch} DEPENDS libra_${folder} ${ARG_DEPENDS})
  if(ARG_TORCH)
    set_target_properties(${folder}_test PROPERTIES UNITY_BUILD ${libra_unity_of_torch_tests})
  endif()
  if(ARG_TORCH)
    # Starting LibTorch costs more than most tests: one process per program.
    add_test(NAME ${folder} COMMAND ${folder}_test)
    set_tests_properties(${folder} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 900 ENVIRONMENT "OMP_NUM_THREADS=1")
    if(ARG_NUMERIC)
      libra_capabilities(${folder} ${folder}_test)
    endif()
  else()
    gtest_discover_tests(${folder}_test DISCOVERY_MODE PRE_TEST PROPERTIES LABELS "${ARG_LABELS}")
  endif()
endfunction()
