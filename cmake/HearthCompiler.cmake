# The flags that every target is compiled and linked with.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

include(CheckPIESupported)
check_pie_supported()

find_program(HEARTH_CCACHE ccache)
if(HEARTH_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${HEARTH_CCACHE})
endif()

add_library(hearth_flags INTERFACE)
target_compile_options(hearth_flags INTERFACE -Wall -Wextra -fstack-protector-strong)
if(HEARTH_WERROR)
  target_compile_options(hearth_flags INTERFACE -Werror)
endif()
target_link_options(hearth_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)

if(HEARTH_SANITIZE)
  # These builds are made for one run of the tests: what compiles sooner is done sooner.
  target_compile_options(hearth_flags INTERFACE -O1 -g1)
  target_compile_options(hearth_flags INTERFACE -fsanitize=${HEARTH_SANITIZE} -fno-omit-frame-pointer
                                                -fno-sanitize-recover=all)
  # Without RTTI there is no virtual table to check against.
  target_compile_options(hearth_flags INTERFACE -fno-sanitize=vptr)
  target_link_options(hearth_flags INTERFACE -fsanitize=${HEARTH_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # The sanitizers' calls hide from g++ what sets a variable and how long a text is. The other builds have no warnings.
    target_compile_options(hearth_flags INTERFACE -Wno-error)
  endif()
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_definitions(hearth_flags INTERFACE _FORTIFY_SOURCE=3)
endif()
target_compile_definitions(hearth_flags INTERFACE _GLIBCXX_ASSERTIONS)
