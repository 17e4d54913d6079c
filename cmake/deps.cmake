# Every dependency, who may use it, and why. All are Debian 12 packages (scripts/setup installs them).
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(nlohmann_json REQUIRED)              # core, preprocess, data, model, eval: JSON
find_package(tomlplusplus REQUIRED)               # core: configuration files
find_package(CLI11 REQUIRED)                      # cli: flags
find_package(mujoco REQUIRED)                     # sim: physics and rendering
# Debian's package names an include folder that its users do not have.
set_target_properties(mujoco::mujoco PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "")
find_package(tinyxml2 REQUIRED)                   # sim/libero: joining model files
find_package(OpenGL REQUIRED COMPONENTS EGL)      # sim: surfaceless offscreen context
pkg_check_modules(HDF5 REQUIRED IMPORTED_TARGET hdf5-serial)             # data: demonstrations
pkg_check_modules(SENTENCEPIECE REQUIRED IMPORTED_TARGET sentencepiece)  # preprocess: tokenizer
pkg_check_modules(AV REQUIRED IMPORTED_TARGET libavcodec libavformat libavutil libswscale)  # eval: video
if(LIBRA_TORCH)
  find_package(Torch REQUIRED)                    # nn, model, policy, training: tensors, autograd
endif()
if(LIBRA_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()
