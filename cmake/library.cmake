# manyfold_library(NAME [TORCH] [LINK targets...])
#
# The library of one folder: every .cpp below it. TORCH links LibTorch and compiles with the one precompiled header
# of the project, without which tensors alone cost ten seconds in every file.

add_library(torch_pch OBJECT ${PROJECT_SOURCE_DIR}/cmake/pch.cpp)
target_precompile_headers(torch_pch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/pch.h)
target_link_libraries(torch_pch PRIVATE ${TORCH_LIBRARIES} manyfold_flags)

function(manyfold_library NAME)
  cmake_parse_arguments(ARG "TORCH" "" "LINK" ${ARGN})
  file(GLOB_RECURSE SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(${NAME} STATIC ${SOURCES})
  set_target_properties(${NAME} PROPERTIES OUTPUT_NAME manyfold_${NAME})
  target_include_directories(${NAME} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:include/manyfold>)
  target_link_libraries(${NAME} PUBLIC ${ARG_LINK} PRIVATE $<BUILD_INTERFACE:manyfold_flags>)
  if(ARG_TORCH)
    manyfold_use_torch(${NAME} PUBLIC)
  endif()
endfunction()

# manyfold_parallel(NAME files...)
#
# Files of a library with loops of their own over tensors: at::parallel_for runs on one thread where OpenMP is off. The
# precompiled header is not compiled for it.
function(manyfold_parallel NAME)
  set_source_files_properties(${ARGN} PROPERTIES
    SKIP_PRECOMPILE_HEADERS ON COMPILE_OPTIONS "-fopenmp;$<$<CONFIG:Release>:-O3>")
  target_link_options(${NAME} PUBLIC -fopenmp)
endfunction()

function(manyfold_use_torch NAME VISIBILITY)
  target_link_libraries(${NAME} ${VISIBILITY} ${TORCH_LIBRARIES})
  target_precompile_headers(${NAME} REUSE_FROM torch_pch)
endfunction()
