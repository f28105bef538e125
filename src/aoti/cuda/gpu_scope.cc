#include "aoti/cuda/gpu_scope.h"

#include <utility>

#include "hal/cuda/cuda_device.h"
#include "hal/cuda/cuda_stream.h"

namespace hearth {
namespace {

thread_local const GpuScope* t_scope = nullptr;

}  // namespace

GpuScope::GpuScope(Device& device, Stream* stream) : device_(device) {
  if (device.properties().memory != MemoryKind::kCuda) return;
  context_ = static_cast<CudaDevice&>(device).context().get();
  current_context_.emplace(*context_);
  status_ = current_context_->status();
  if (stream != nullptr) stream_ = cuda::handle_of(*stream);
  previous_ = std::exchange(t_scope, this);
}

GpuScope::~GpuScope() {
  if (context_ != nullptr) t_scope = previous_;
}

const GpuScope* GpuScope::current() { return t_scope; }

}  // namespace hearth
