#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "hal/device.h"
#include "hearth/status.h"

namespace hearth {

/// Hearth's own code for one GPU: files of a folder that comes with the program, each loaded when a function of it is
/// asked for first. Thread-safe. Where the folder is: HEARTH_KERNELS, or hearth-kernels-VERSION beside the program or
/// library, or under ../lib of its folder.
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
