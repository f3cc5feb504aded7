# How the programs are installed.

# They find the library wherever the prefix is; below /usr the system finds it.
file(RELATIVE_PATH libdir_from_bin "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}")
if(NOT CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  set(CMAKE_INSTALL_RPATH "$ORIGIN/${libdir_from_bin}")
endif()

# Container runtimes look for plugins in folders of their own: Debian's are told of this one, and
# "ovn-k8s-overlay minion-init" links the plugin from /opt/cni/bin.
set(OVNK8S_CNI_FOLDER lib/cni CACHE STRING "where CNI plugins are, below the prefix")
set(cni_folder "${CMAKE_INSTALL_PREFIX}/${OVNK8S_CNI_FOLDER}")
file(RELATIVE_PATH plugin_folder_from_bin "${CMAKE_INSTALL_FULL_BINDIR}" "${cni_folder}")
file(RELATIVE_PATH libdir_from_plugin "${cni_folder}" "${CMAKE_INSTALL_FULL_LIBDIR}")

function(ovnk8s_install_manual section page)
  set(file "${PROJECT_SOURCE_DIR}/docs/man/${page}")
  if(OVNK8S_DEBIAN)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    execute_process(COMMAND "${GZIP_PROGRAM}" -9nc "${file}"
      OUTPUT_FILE "${CMAKE_CURRENT_BINARY_DIR}/${page}.gz" COMMAND_ERROR_IS_FATAL ANY)
    set(file "${CMAKE_CURRENT_BINARY_DIR}/${page}.gz")
  endif()
  install(FILES "${file}" DESTINATION "${CMAKE_INSTALL_MANDIR}/man${section}" COMPONENT tools)
endfunction()

# A program with its man page and its completion, of the calling folder.
function(ovnk8s_install_program name)
  install(TARGETS ${name} RUNTIME COMPONENT tools)
  install(FILES completion.bash DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions"
    RENAME ${name} COMPONENT tools)
  ovnk8s_install_manual(8 ${name}.8)
endfunction()

function(ovnk8s_install_plugin name)
  if(CMAKE_INSTALL_RPATH)
    set_target_properties(${name} PROPERTIES INSTALL_RPATH "$ORIGIN/${libdir_from_plugin}")
  endif()
  install(TARGETS ${name} RUNTIME DESTINATION "${OVNK8S_CNI_FOLDER}" COMPONENT tools)
  ovnk8s_install_manual(8 ${name}.8)
endfunction()

# A unit names its program by the prefix that was configured.
function(ovnk8s_install_unit name)
  configure_file(${name}.service.in ${name}.service @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/${name}.service" DESTINATION lib/systemd/system
    COMPONENT tools)
endfunction()
