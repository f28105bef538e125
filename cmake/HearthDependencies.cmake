# Libraries from the system, in the versions of Debian 12 or newer.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(CLI11 2.1 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL 3 REQUIRED COMPONENTS Crypto)
find_package(PNG REQUIRED)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(turbojpeg REQUIRED IMPORTED_TARGET libturbojpeg)
pkg_check_modules(webp REQUIRED IMPORTED_TARGET libwebp)
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)
find_library(HEARTH_SLEEF sleef REQUIRED)
# Headers only: its class for any floating type.
find_path(HEARTH_KISSFFT_INCLUDE kissfft/kissfft.hh REQUIRED)

# Debian's simdjson package for development cannot be installed for two architectures, so the library is found by its name at run time too.
find_path(HEARTH_SIMDJSON_INCLUDE simdjson.h REQUIRED)
find_library(HEARTH_SIMDJSON NAMES simdjson libsimdjson.so.14 REQUIRED)
add_library(simdjson::simdjson INTERFACE IMPORTED)
target_include_directories(simdjson::simdjson INTERFACE ${HEARTH_SIMDJSON_INCLUDE})
target_link_libraries(simdjson::simdjson INTERFACE ${HEARTH_SIMDJSON})

if(HEARTH_TESTS)
  find_package(GTest 1.12 REQUIRED)
  include(GoogleTest)
endif()
if(HEARTH_BENCHMARKS)
  find_package(benchmark 1.7 REQUIRED)
  # What kernels are compared with; its CMake package wants OpenCL.
  find_library(HEARTH_ONEDNN dnnl REQUIRED)
  find_package(OpenMP REQUIRED)
endif()
