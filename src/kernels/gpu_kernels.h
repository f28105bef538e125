#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "hal/device.h"
#include "hearth/status.h"

namespace hearth {

/// The folder with Hearth's own code for GPUs, which comes with the program: the one that HEARTH_KERNELS names, or
/// hearth-kernels-VERSION beside the program or library, or under ../lib of its folder. kUnavailable where it is in
/// none of these places.
Result<std::filesystem::path> find_gpu_kernels();

/// Hearth's own code for one GPU: files of find_gpu_kernels()'s folder, each loaded when a function of it is asked for
/// first. Thread-safe.
class GpuKernels {
 public:
  explicit GpuKernels(std::shared_ptr<Device> device) : device_(std::move(device)) {}

  /// The function `name` of the file `family` ("copy"); it lives as long as this object. kUnavailable where there is no
  /// such file, which is said once as a warning; kNotFound where the file has no such function.
  Result<DeviceFunction*> function(const std::string& family, const std::string& name);

 private:
  Result<DeviceModule*> module(const std::string& family);

  std::shared_ptr<Device> device_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<DeviceModule>> modules_;
};

}  // namespace hearth
