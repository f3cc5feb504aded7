# What "cmake --install" gives to those who build on the library. None of these files has an absolute
# path in it, so that "cmake --install --prefix" and DESTDIR need no other files, and what is
# installed may be moved.

include(CMakePackageConfigHelpers)
set(pc_folder "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig")
file(RELATIVE_PATH ovnk8s_pc_libdir "${pc_folder}" "${CMAKE_INSTALL_FULL_LIBDIR}")
file(RELATIVE_PATH ovnk8s_pc_includedir "${pc_folder}" "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
string(REGEX REPLACE "/$" "" ovnk8s_pc_libdir "${ovnk8s_pc_libdir}")
configure_file("${PROJECT_SOURCE_DIR}/ovnk8s.pc.in" ovnk8s.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/ovnk8s.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/ovnk8s" TYPE INCLUDE COMPONENT development
  FILES_MATCHING PATTERN "*.h")

# The shared and the static library are described apart: who links the former needs nothing of what
# the latter stands on.
set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/ovnk8s")
install(TARGETS ovnk8s EXPORT shared
  LIBRARY COMPONENT library NAMELINK_COMPONENT development
  INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT shared NAMESPACE ovnk8s:: FILE ovnk8sTargets.cmake
  DESTINATION "${package_folder}" COMPONENT development)
if(TARGET ovnk8s_static)
  install(TARGETS ovnk8s_static EXPORT static ARCHIVE COMPONENT development
    INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT static NAMESPACE ovnk8s:: FILE ovnk8sStaticTargets.cmake
    DESTINATION "${package_folder}" COMPONENT development)
endif()
configure_package_config_file(ovnk8sConfig.cmake.in ovnk8sConfig.cmake
  INSTALL_DESTINATION "${package_folder}"
  NO_SET_AND_CHECK_MACRO)
# Before 1.0 the API may change with each minor version; see docs/api-stability.md.
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/ovnk8sConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/ovnk8sConfig.cmake"
  "${CMAKE_CURRENT_BINARY_DIR}/ovnk8sConfigVersion.cmake"
  DESTINATION "${package_folder}" COMPONENT development)
