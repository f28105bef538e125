#include "kernels/cuda/launch.h"

namespace hearth::gpu {

Status check_on_gpu(std::initializer_list<const Tensor*> tensors) {
  for (const Tensor* tensor : tensors) {
    if (tensor->defined() && tensor->storage()->memory() == MemoryKind::kHost) {
      return unavailable("{} lies in the host's memory", describe(*tensor));
    }
  }
  return {};
}

}  // namespace hearth::gpu
