# `cmake --install` puts the program, the libraries, headers and configs where other projects find them:
#   find_package(manyfold REQUIRED)
#   target_link_libraries(app PRIVATE manyfold::exporters)
include(CMakePackageConfigHelpers)

set(FOLDERS common losses models graph quantise data metrics report train exporters
    pretrain distill)
install(TARGETS ${FOLDERS} onnxruntime_headers EXPORT manyfoldTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS manyfold manyfold_commands
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(FOLDER ${FOLDERS})
  install(DIRECTORY ${FOLDER}/ DESTINATION include/manyfold/${FOLDER} FILES_MATCHING PATTERN "*.h")
endforeach()
install(DIRECTORY configs/ DESTINATION share/manyfold/configs)
install(EXPORT manyfoldTargets NAMESPACE manyfold:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/manyfold)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/manyfoldConfig.cmake.in
  ${PROJECT_BINARY_DIR}/manyfoldConfig.cmake INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/manyfold)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/manyfoldConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/manyfoldConfig.cmake ${PROJECT_BINARY_DIR}/manyfoldConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/manyfold)
