# cmake --install makes a folder that can be moved anywhere: the program finds its libraries and its data beside itself
# (core/data_root.h). find_package(Libra) there gives the targets Libra::core, Libra::policy and so on.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(libra_private lib/libra)  # shared libraries that are nobody else's business
set(libra_package lib/cmake/Libra)

get_property(libra_libraries GLOBAL PROPERTY LIBRA_LIBRARIES)
install(TARGETS libra_flags ${libra_libraries} EXPORT LibraTargets ARCHIVE DESTINATION lib)
install(EXPORT LibraTargets NAMESPACE Libra:: DESTINATION ${libra_package})
install(DIRECTORY libra DESTINATION include FILES_MATCHING PATTERN "*.h" PATTERN libra.h EXCLUDE)

file(GLOB libra_mujoco_files ${LIBRA_MUJOCO_ROOT}/libmujoco.so* ${LIBRA_MUJOCO_ROOT}/lib/libmujoco.so*)
install(FILES ${libra_mujoco_files} ${libra_arrow_library} ${libra_parquet_library} DESTINATION ${libra_private})
if(LIBRA_TORCH)
  set_target_properties(libra PROPERTIES INSTALL_RPATH "$ORIGIN/../${libra_private}")
  install(TARGETS libra RUNTIME DESTINATION bin)
  # The C API: libra.h, liblibra.so, pkg-config's libra.
  set_target_properties(libra_c PROPERTIES INSTALL_RPATH "$ORIGIN/libra")
  install(TARGETS libra_c LIBRARY DESTINATION lib)
  install(FILES libra/api/libra.h DESTINATION include)
  configure_file(cmake/libra.pc.in ${CMAKE_BINARY_DIR}/libra.pc @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/libra.pc DESTINATION lib/pkgconfig)
  file(GLOB libra_torch_files ${LIBRA_TORCH_ROOT}/lib/libgomp*.so* ${LIBRA_TORCH_ROOT}/lib/libarm_compute*.so
    ${LIBRA_TORCH_ROOT}/lib/libnvpl_* ${LIBRA_TORCH_ROOT}/lib/libgfortran.so*)
  install(FILES ${LIBRA_TORCH_ROOT}/lib/libtorch_cpu.so ${LIBRA_TORCH_ROOT}/lib/libc10.so ${libra_torch_files}
    ${LIBRA_CUDA_RUNTIME} DESTINATION ${libra_private})
endif()
install(DIRECTORY assets configs checkpoints DESTINATION share/libra)
install(FILES LICENSE README.md CHANGELOG.md DESTINATION share/doc/libra)

configure_package_config_file(cmake/LibraConfig.cmake.in ${CMAKE_BINARY_DIR}/LibraConfig.cmake
  INSTALL_DESTINATION ${libra_package})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/LibraConfigVersion.cmake COMPATIBILITY ExactVersion)
install(FILES ${CMAKE_BINARY_DIR}/LibraConfig.cmake ${CMAKE_BINARY_DIR}/LibraConfigVersion.cmake
  DESTINATION ${libra_package})

# cpack -G TGZ or DEB, in the build folder.
set(CPACK_GENERATOR TGZ DEB)
set(CPACK_PACKAGE_NAME libra-vla)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Vision-language-action policies for robot arms: train, evaluate, run")
set(CPACK_PACKAGE_CONTACT "The Libra authors")
set(CPACK_PACKAGE_VENDOR "The Libra authors")
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_SOURCE_DIR}/LICENSE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_COMPRESSION_TYPE zstd)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${LIBRA_TORCH_ROOT}/lib ${LIBRA_MUJOCO_ROOT} ${LIBRA_SITE}/nvidia/cu13/lib)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libgl1-mesa-dri, libegl1")  # opened when the first image is rendered
include(CPack)
