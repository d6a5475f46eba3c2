# Flags of our own code: warnings are errors, sanitizers on request, ccache when there is one.

# One form of position independence for libraries and programs, so that they can share the precompiled header.
set(CMAKE_POSITION_INDEPENDENT_CODE OFF)
add_compile_options(-fPIC)

add_library(manyfold_flags INTERFACE)
target_compile_options(manyfold_flags INTERFACE -Wall -Wextra -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 takes the copy of a c10::IValue into fresh memory for an overflow.
  target_compile_options(manyfold_flags INTERFACE -Wno-stringop-overflow)
endif()
if(MANYFOLD_SANITIZE)
  # With the sanitizers' checks in between, GCC 12 takes std::variant for uninitialised.
  target_compile_options(manyfold_flags INTERFACE -Wno-maybe-uninitialized)
  add_compile_options(-fsanitize=address,undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # ccache serves a precompiled header only when it may overlook its time stamps.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  endif()
endif()
