# Run by cpack after its work: takes the scripts off again that CPack gives to a package with a shared
# library. They run ldconfig, as the trigger of the package does, which asks for no script.

foreach(package IN LISTS CPACK_PACKAGE_FILES)
  if(package MATCHES "/libovnk8s[0-9]+_")
    set(tree "${package}.tree")
    execute_process(COMMAND dpkg-deb --raw-extract "${package}" "${tree}"
      COMMAND_ERROR_IS_FATAL ANY)
    file(REMOVE "${tree}/DEBIAN/postinst" "${tree}/DEBIAN/postrm")
    execute_process(COMMAND dpkg-deb --root-owner-group --build "${tree}" "${package}"
      OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
    file(REMOVE_RECURSE "${tree}")
  endif()
endforeach()
