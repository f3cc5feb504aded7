# The documentation as HTML, with the reference of the API: cmake --build build/release --target docs
if(PROJECT_IS_TOP_LEVEL)
  add_custom_target(docs COMMAND "${PROJECT_SOURCE_DIR}/docs/build" "${PROJECT_BINARY_DIR}/docs"
    COMMENT "Documentation in ${PROJECT_BINARY_DIR}/docs" VERBATIM)
endif()
