#include "hal/cuda/driver.h"

#include <cstdlib>
#include <map>
#include <mutex>

#include "base/errors.h"
#include "hal/cuda/driver_errors.h"
#include "hal/cuda/driver_versions.h"
#include "hal/shared_library.h"

namespace hearth::cuda {
namespace {

#ifdef _WIN32
constexpr const char* kLibrary = "nvcuda.dll";
#else
constexpr const char* kLibrary = "libcuda.so.1";
#endif

Status find_functions(const SharedLibrary& library, Driver& driver) {
  const char* missing = nullptr;
  const auto find = [&](const char* symbol) {
    void* address = library.symbol(symbol);
    if (!address && !missing) missing = symbol;
    return address;
  };
#define HEARTH_CUDA_FUNCTION(name, symbol, parameters) \
  driver.name = reinterpret_cast<CUresult(*) parameters>(find(#symbol));
#include "hal/cuda/driver_functions.def"
#undef HEARTH_CUDA_FUNCTION
  if (!missing) return {};
  return unavailable("the NVIDIA driver is too old: {} has no {}; install driver {} or newer", driver.library, missing,
                     driver_branch(kOldestCuda));
}

Result<std::shared_ptr<const Driver>> open_library(const std::string& name) {
  const Result<SharedLibrary> library = SharedLibrary::open(name);
  if (library.status().code() == StatusCode::kNotFound) {
    return unavailable("{} was not found: install NVIDIA's driver, {} or newer", name, driver_branch(kOldestCuda));
  }
  if (!library.ok()) return library.status();
  auto driver = std::make_shared<Driver>();
  driver->library = name;
  HEARTH_RETURN_IF_ERROR(find_functions(*library, *driver));
  if (const CUresult result = driver->cuInit(0)) return driver_error(*driver, result, "starting NVIDIA's driver");
  if (const CUresult result = driver->cuDriverGetVersion(&driver->version)) {
    return driver_error(*driver, result, "asking for the driver's version");
  }
  if (driver->version < kOldestCuda) {
    return unavailable("the NVIDIA driver is too old: it is of CUDA {}; install driver {} or newer",
                       version_text(driver->version), driver_branch(kOldestCuda));
  }
  return std::shared_ptr<const Driver>(std::move(driver));
}

}  // namespace

Result<std::shared_ptr<const Driver>> open_driver() {
  static std::mutex mutex;
  static auto& opened = *new std::map<std::string, std::shared_ptr<const Driver>>;
  const char* other = std::getenv("HEARTH_CUDA_DRIVER");
  const std::string name = other && *other ? other : kLibrary;
  const std::lock_guard lock(mutex);
  if (const auto found = opened.find(name); found != opened.end()) return found->second;
  HEARTH_ASSIGN_OR_RETURN(std::shared_ptr<const Driver> driver, open_library(name));
  opened.emplace(name, driver);
  return driver;
}

}  // namespace hearth::cuda
