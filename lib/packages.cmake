# Debian packages: "cpack" in the build folder of the preset "package"; see docs/packaging.md.

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME libovnk8s)
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(OVNK8S_MAINTAINER "libovnk8s maintainers <maintainers@libovnk8s.invalid>"
  CACHE STRING "whom Debian packages name")
set(CPACK_PACKAGE_CONTACT "${OVNK8S_MAINTAINER}")
# Each package has a summary of its own, in front of which CPack would put any but its default.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${CMAKE_PROJECT_NAME} built using CMake")
set(CPACK_PACKAGE_DIRECTORY "${PROJECT_BINARY_DIR}/packages")
set(CPACK_PACKAGING_INSTALL_PREFIX "${CMAKE_INSTALL_PREFIX}")
set(CPACK_STRIP_FILES ON)

set(CPACK_COMPONENTS_ALL library development tools)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${PROJECT_BINARY_DIR}/lib")
set(this_version "${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}")

# Nobody's linker knows of what is loaded at the first use.
set(loaded "libcurl4 (>= 7.88), libssl3")

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libovnk8s${PROJECT_VERSION_MAJOR})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_DEPENDS "${loaded}")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA
  "${PROJECT_BINARY_DIR}/shlibs" "${PROJECT_BINARY_DIR}/triggers")
# In place of the scripts that CPack would make.
set(CPACK_POST_BUILD_SCRIPTS "${PROJECT_SOURCE_DIR}/lib/packages_scripts.cmake")
file(WRITE "${PROJECT_BINARY_DIR}/shlibs" "libovnk8s ${PROJECT_VERSION_MAJOR} \
libovnk8s${PROJECT_VERSION_MAJOR} (>= ${PROJECT_VERSION})\n")
file(WRITE "${PROJECT_BINARY_DIR}/triggers" "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_LIBRARY_DESCRIPTION
"containers on OVN, as a library
Writes the rows that make a network into the OVN Northbound database, plugs
containers into Open vSwitch, and follows the pods of a Kubernetes API server.
Each change is a plan that can be looked at, and one transaction.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libovnk8s-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
  "libovnk8s${PROJECT_VERSION_MAJOR} (= ${this_version}), libcjson-dev, libnl-3-dev, libyaml-dev")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION
"containers on OVN, as a library - for development
Headers, the static library, and what pkg-config and CMake ask for, of
libovnk8s, which makes networks of OVN and plugs containers into them.")

set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME ovnk8s-tools)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION net)
set(CPACK_DEBIAN_TOOLS_PACKAGE_DEPENDS "libovnk8s${PROJECT_VERSION_MAJOR} (= ${this_version})")
set(CPACK_DEBIAN_TOOLS_PACKAGE_RECOMMENDS "openvswitch-switch, ovn-host")
set(CPACK_DEBIAN_TOOLS_PACKAGE_SUGGESTS "ovn-central, containernetworking-plugins")
set(CPACK_DEBIAN_TOOLS_DESCRIPTION
"network of Kubernetes pods on OVN
ovn-k8s-overlay makes the network and its nodes, ovn-k8s-watcher gives it the
pods of a cluster, ovn-k8s-cni-overlay is the CNI plugin that connects them,
ovn-k8s-gateway-helper and ovn-k8s-util are for gateways and their interfaces.
Services of systemd are installed, and not enabled.")

# The Python package is that of bindings/python, but for the library, which is the installed one.
set(python "${PROJECT_SOURCE_DIR}/bindings/python")
if(OVNK8S_DEBIAN AND EXISTS "${python}/declare.py")
  find_package(Python 3.9 REQUIRED COMPONENTS Interpreter Development.Module)
  set(source "${PROJECT_BINARY_DIR}/_ovnk8s.c")
  file(GLOB headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/include/ovnk8s/*.h")
  add_custom_command(OUTPUT "${source}"
    COMMAND "${Python_EXECUTABLE}" "${python}/declare.py" "${PROJECT_SOURCE_DIR}/include" "${source}"
    DEPENDS "${python}/declare.py" ${headers} VERBATIM)
  python_add_library(_ovnk8s MODULE "${source}")
  target_link_libraries(_ovnk8s PRIVATE ovnk8s)
  set_target_properties(_ovnk8s PROPERTIES PREFIX "" SUFFIX ".abi3.so")
  install(TARGETS _ovnk8s LIBRARY DESTINATION lib/python3/dist-packages/ovnk8s COMPONENT python)
  install(DIRECTORY "${python}/ovnk8s" DESTINATION lib/python3/dist-packages COMPONENT python
    FILES_MATCHING PATTERN "*.py" PATTERN "*.pyi" PATTERN py.typed
    PATTERN __pycache__ EXCLUDE)

  list(APPEND CPACK_COMPONENTS_ALL python)
  set(CPACK_DEBIAN_PYTHON_PACKAGE_NAME python3-ovnk8s)
  set(CPACK_DEBIAN_PYTHON_PACKAGE_SECTION python)
  set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS
    "libovnk8s${PROJECT_VERSION_MAJOR} (= ${this_version}), python3 (>= 3.9), python3-cffi-backend")
  set(CPACK_DEBIAN_PYTHON_DESCRIPTION
"containers on OVN, for Python
Networks of OVN made by plans, containers plugged into Open vSwitch, and the
pods of a Kubernetes API server followed, from Python: libovnk8s with context
managers, exceptions and ipaddress objects.")
endif()

# What each package says of itself.
if(OVNK8S_DEBIAN)
  configure_file(docs/debian/changelog.in changelog @ONLY)
  execute_process(COMMAND "${GZIP_PROGRAM}" -9n --force --keep changelog
    WORKING_DIRECTORY "${PROJECT_BINARY_DIR}" COMMAND_ERROR_IS_FATAL ANY)
  foreach(lower IN LISTS CPACK_COMPONENTS_ALL)
    string(TOUPPER ${lower} component)
    set(folder "${CMAKE_INSTALL_DATADIR}/doc/${CPACK_DEBIAN_${component}_PACKAGE_NAME}")
    install(FILES docs/debian/copyright DESTINATION "${folder}" COMPONENT ${lower})
    install(FILES "${PROJECT_BINARY_DIR}/changelog.gz" DESTINATION "${folder}"
      RENAME changelog.Debian.gz COMPONENT ${lower})
  endforeach()
endif()

include(CPack)
