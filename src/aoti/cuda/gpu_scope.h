#pragma once

#include <optional>

#include "hal/cuda/context.h"
#include "hal/device.h"
#include "hearth/status.h"

namespace hearth {

/// While it lives, the CUDA functions that generated code calls on this thread go to a GPU. For devices whose code
/// calls none of them it does nothing.
class GpuScope {
 public:
  /// `stream` is the device's, or null where no work is launched. Both outlive the object.
  explicit GpuScope(Device& device, Stream* stream = nullptr);
  ~GpuScope();
  GpuScope(const GpuScope&) = delete;
  GpuScope& operator=(const GpuScope&) = delete;

  /// Whether the GPU took this thread's calls.
  const Status& status() const { return status_; }
  /// What generated code takes as its stream; null without one.
  cuda::CUstream stream() const { return stream_; }

  /// The innermost one of this thread; null: there is none.
  static const GpuScope* current();
  const cuda::Context& context() const { return *context_; }
  const DeviceProperties& properties() const { return device_.properties(); }

 private:
  Device& device_;
  std::optional<cuda::CurrentContext> current_context_;
  const cuda::Context* context_ = nullptr;
  cuda::CUstream stream_ = nullptr;
  const GpuScope* previous_ = nullptr;
  Status status_;
};

}  // namespace hearth
