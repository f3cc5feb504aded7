# libopenvswitch as a private static library.
#
# Debian ships no development package of libopenvswitch, and the shared one of the system could not
# be contained (see lib/ovsdb/README.md), so it is built from the source tarball of the package
# openvswitch-source: once, into a cache outside the build tree, keyed by what goes into it.
#
# Gives the target `openvswitch` and the function ovnk8s_idl(TARGET SCHEMA SELECTION PREFIX).

set(OVS_SOURCE /usr/src/openvswitch/openvswitch.tar.gz
    CACHE FILEPATH "tarball of the Open vSwitch source")
set(OVS_CFLAGS "-O2 -g1 -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections"
    CACHE STRING "compiler flags for libopenvswitch")

if(DEFINED ENV{XDG_CACHE_HOME})
  set(ovnk8s_cache "$ENV{XDG_CACHE_HOME}/libovnk8s")
else()
  set(ovnk8s_cache "$ENV{HOME}/.cache/libovnk8s")
endif()

if(NOT EXISTS "${OVS_SOURCE}")
  message(FATAL_ERROR "libopenvswitch: no source at OVS_SOURCE=${OVS_SOURCE}: "
                      "install openvswitch-source, or give another tarball by -DOVS_SOURCE=")
endif()

find_package(OpenSSL REQUIRED)
find_package(Threads REQUIRED)
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)

file(SHA256 "${OVS_SOURCE}" ovs_tarball_hash)
set(ovs_recipe 1) # Counts changes of the steps below.
string(SHA256 ovs_key "${ovs_tarball_hash} ${ovs_recipe} ${OVS_CFLAGS} ${CMAKE_C_COMPILER}")
string(SUBSTRING "${ovs_key}" 0 16 ovs_key)
set(ovs_dir "${ovnk8s_cache}/openvswitch-${ovs_key}")
set(ovs_src "${ovs_dir}/src")
set(ovs_build "${ovs_dir}/build")

function(ovs_step what)
  execute_process(COMMAND ${ARGN}
    WORKING_DIRECTORY "${ovs_build}"
    OUTPUT_FILE "${ovs_dir}/log" ERROR_FILE "${ovs_dir}/log" RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "libopenvswitch: ${what} failed; see ${ovs_dir}/log")
  endif()
endfunction()

function(ovs_build_once)
  message(STATUS "libopenvswitch: building it, once, about a minute: ${ovs_dir}")
  file(REMOVE_RECURSE "${ovs_dir}")
  file(MAKE_DIRECTORY "${ovs_src}" "${ovs_build}")
  file(ARCHIVE_EXTRACT INPUT "${OVS_SOURCE}" DESTINATION "${ovs_src}.tmp")
  file(GLOB top "${ovs_src}.tmp/*")
  file(REMOVE_RECURSE "${ovs_src}")
  file(RENAME "${top}" "${ovs_src}")
  file(REMOVE_RECURSE "${ovs_src}.tmp")
  # The folders are Debian's, so that the default run folder is the one of the packaged daemons.
  ovs_step("configure" "${ovs_src}/configure" --prefix=/usr --localstatedir=/var --sysconfdir=/etc
    --disable-shared --enable-static --disable-libcapng --disable-afxdp --enable-ssl
    "CC=${CMAKE_C_COMPILER}" "CFLAGS=${OVS_CFLAGS}" "PYTHON3=${Python3_EXECUTABLE}")
  file(WRITE "${ovs_build}/prepare.mk" "prepare: $(BUILT_SOURCES)\n")
  cmake_host_system_information(RESULT cores QUERY NUMBER_OF_LOGICAL_CORES)
  ovs_step("generating its sources" make -j${cores} -f Makefile -f prepare.mk prepare)
  ovs_step("make" make -j${cores} lib/libopenvswitch.la)
  file(GLOB_RECURSE objects "${ovs_build}/*.o" "${ovs_build}/*.lo")
  file(REMOVE ${objects})
  file(TOUCH "${ovs_dir}/done")
endfunction()

file(MAKE_DIRECTORY "${ovnk8s_cache}")
file(LOCK "${ovnk8s_cache}/openvswitch-${ovs_key}.lock" TIMEOUT 900)
if(NOT EXISTS "${ovs_dir}/done")
  ovs_build_once()
endif()
file(LOCK "${ovnk8s_cache}/openvswitch-${ovs_key}.lock" RELEASE)

add_library(openvswitch STATIC IMPORTED GLOBAL)
set_target_properties(openvswitch PROPERTIES
  IMPORTED_LOCATION "${ovs_build}/lib/.libs/libopenvswitch.a")
target_include_directories(openvswitch SYSTEM INTERFACE
  "${ovs_build}" "${ovs_build}/include" "${ovs_build}/lib"
  "${ovs_src}/include" "${ovs_src}/lib" "${ovs_src}")
target_link_libraries(openvswitch INTERFACE
  "${ovs_build}/lib/.libs/libopenvswitchavx512.a" OpenSSL::SSL OpenSSL::Crypto Threads::Threads
  atomic m)
