#include "kernels/gpu_kernels.h"

#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "base/errors.h"
#include "base/log.h"
#include "hal/shared_library.h"

namespace hearth {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFolder = "hearth-kernels-" HEARTH_VERSION;
constexpr std::uintmax_t kLargestFile = 64 << 20;

/// The folders in which the kernels may lie, in the order of looking.
std::vector<fs::path> folders() {
  if (const char* named = std::getenv("HEARTH_KERNELS"); named != nullptr) return {named};
  const fs::path here = fs::path(path_of_this_library()).parent_path();
  return {here / kFolder, here / ".." / "lib" / kFolder};
}

Result<std::vector<std::byte>> read_file(const fs::path& path) {
  std::error_code failure;
  const std::uintmax_t size = fs::file_size(path, failure);
  if (failure) return error(StatusCode::kNotFound, "{}: {}", path.string(), failure.message());
  if (size > kLargestFile) return error(StatusCode::kInvalidFile, "{}: it has {} bytes", path.string(), size);
  std::vector<std::byte> bytes(size);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (!file) return error(StatusCode::kInvalidFile, "{}: it cannot be read", path.string());
  return bytes;
}

/// Says so once: the host takes over, and is slow.
Status missing(const fs::path& path) {
  static std::atomic<bool> said = false;
  if (!said.exchange(true)) {
    log_warning("{} is missing: what it has code for is computed by the host, slowly; install Hearth with it",
                path.string());
  }
  return unavailable("{} is missing", path.string());
}

}  // namespace

Result<fs::path> find_gpu_kernels() {
  fs::path last;
  std::error_code failure;
  for (const fs::path& folder : folders()) {
    if (fs::is_directory(folder / "cuda", failure)) return folder.lexically_normal();
    if (last.empty()) last = folder;
  }
  return unavailable("Hearth's kernels for GPUs are missing ({} is not there): install Hearth with them",
                     last.string());
}

Result<DeviceModule*> GpuKernels::module(const std::string& family) {
  const std::scoped_lock lock(mutex_);
  const auto found = modules_.find(family);
  if (found != modules_.end()) return found->second.get();
  fs::path path;
  for (const fs::path& folder : folders()) {
    path = folder / "cuda" / (family + ".fatbin");
    Result<std::vector<std::byte>> code = read_file(path);
    if (code.status().code() == StatusCode::kNotFound) continue;
    HEARTH_RETURN_IF_ERROR(code.status());
    HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<DeviceModule> loaded, device_->load_module(*code));
    return modules_.emplace(family, std::move(loaded)).first->second.get();
  }
  return missing(path);
}

Result<DeviceFunction*> GpuKernels::function(const std::string& family, const std::string& name) {
  HEARTH_ASSIGN_OR_RETURN(DeviceModule * loaded, module(family));
  return loaded->function(name);
}

}  // namespace hearth
