#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "hal/cuda/driver.h"
#include "hal/device.h"
#include "hearth/status.h"

namespace hearth::cuda {

/// What the driver says of GPU `ordinal`, without a context. kUnavailable when there are not as many.
Result<DeviceProperties> gpu_properties(const Driver& driver, int ordinal);

/// A GPU's primary context, which this process shares with everything else in it that uses the GPU; retained as long as
/// this lives. Thread-safe.
class Context {
 public:
  static Result<std::shared_ptr<const Context>> retain(std::shared_ptr<const Driver> driver, int ordinal);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const Driver& driver() const { return *driver_; }
  CUdevice device() const { return device_; }
  CUcontext handle() const { return handle_; }
  const std::string& name() const { return name_; }  ///< "cuda:0"

  /// A call's result as a Status: "cuda:0: WHAT: …".
  Status check(CUresult result, std::string_view what) const {
    return result == CUDA_SUCCESS ? Status() : failure(result, what);
  }
  /// For calls that give something back, whose failure nobody can handle: a warning.
  void warn(CUresult result, std::string_view what) const;

 private:
  Context(std::shared_ptr<const Driver> driver, CUdevice device, std::string name)
      : driver_(std::move(driver)), device_(device), name_(std::move(name)) {}
  Status failure(CUresult result, std::string_view what) const;

  std::shared_ptr<const Driver> driver_;
  CUdevice device_;
  std::string name_;
  CUcontext handle_ = nullptr;
};

/// Makes a context current on this thread while it lives. Costs one short call where it is already.
class CurrentContext {
 public:
  explicit CurrentContext(const Context& context);
  ~CurrentContext();
  CurrentContext(const CurrentContext&) = delete;
  CurrentContext& operator=(const CurrentContext&) = delete;

  const Status& status() const { return status_; }

 private:
  const Context& context_;
  bool pushed_ = false;
  Status status_;
};

}  // namespace hearth::cuda
