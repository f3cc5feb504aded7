# libovnk8s.a: all objects of the library, and what they need of libopenvswitch, linked into one
# object in which nothing but the public functions can be seen from the outside. So a program that
# takes it in may have another copy of libopenvswitch, or OpenSSL, of its own; and the calls that
# the shared library wraps are wrapped in it already.

set(one "${CMAKE_CURRENT_BINARY_DIR}/libovnk8s.o")
get_target_property(openvswitch_archives openvswitch INTERFACE_LINK_LIBRARIES)
list(FILTER openvswitch_archives INCLUDE REGEX "\\.a$")
add_custom_command(OUTPUT "${one}"
  COMMAND "${CMAKE_LINKER}" -r --wrap=socket --wrap=send --gc-sections --gc-keep-exported
    -o "${one}.open" "$<TARGET_OBJECTS:ovnk8s_objects>"
    --start-group "$<TARGET_FILE:openvswitch>" ${openvswitch_archives} --end-group
  COMMAND "${CMAKE_OBJCOPY}" --localize-hidden --strip-unneeded --remove-section=.comment
    "${one}.open" "${one}"
  COMMAND "${CMAKE_COMMAND}" -E rm "${one}.open"
  DEPENDS "$<TARGET_OBJECTS:ovnk8s_objects>" "$<TARGET_FILE:openvswitch>"
  COMMENT "Linking libovnk8s.o, of which libovnk8s.a is made"
  COMMAND_EXPAND_LISTS VERBATIM)

add_library(ovnk8s_static STATIC "${one}")
set_source_files_properties("${one}" PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
set_target_properties(ovnk8s_static PROPERTIES
  LINKER_LANGUAGE C OUTPUT_NAME ovnk8s EXPORT_NAME static)
# The targets of ovnk8sConfig.cmake.
target_link_libraries(ovnk8s_static INTERFACE
  $<INSTALL_INTERFACE:PkgConfig::ovnk8s_private> Threads::Threads ${CMAKE_DL_LIBS} m)
