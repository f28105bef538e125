#include "model/device_transfer.h"

#include <cstring>

#include "base/errors.h"
#include "tensor/extent.h"

namespace hearth {
namespace {

DeviceMemory memory_of(const Tensor& tensor) { return {tensor.data(), extent_of(tensor).size()}; }

Status begin_copies_to_host(Device& device, Stream& stream, MemoryPool& pool, std::span<const Tensor> tensors,
                            std::vector<Tensor>& copies) {
  for (const Tensor& tensor : tensors) {
    HEARTH_ASSIGN_OR_RETURN(Tensor copy, pool.empty_strided(tensor.dtype(), tensor.shape(), tensor.strides()));
    const std::span<std::byte> to = extent_of(copies.emplace_back(std::move(copy)));
    if (to.empty()) continue;
    if (tensor.storage()->memory() == MemoryKind::kHost) {
      std::memcpy(to.data(), tensor.data(), to.size());  // What the code computed on the host.
    } else {
      HEARTH_RETURN_IF_ERROR(device.copy_to_host(stream, to, memory_of(tensor), 0));
    }
  }
  return {};
}

}  // namespace

Result<std::vector<Tensor>> copy_to_device(Device& device, Stream& stream, MemoryPool& pool,
                                           std::span<const Tensor> tensors) {
  std::vector<Tensor> copies;
  for (const Tensor& tensor : tensors) {
    HEARTH_ASSIGN_OR_RETURN(Tensor copy, pool.empty_strided(tensor.dtype(), tensor.shape(), tensor.strides()));
    if (!extent_of(tensor).empty()) {
      HEARTH_RETURN_IF_ERROR(device.copy_to_device(stream, memory_of(copy), 0, extent_of(tensor)));
    }
    copies.push_back(std::move(copy));
  }
  return copies;
}

Result<std::vector<Tensor>> copy_to_host(Device& device, Stream& stream, MemoryPool& pool,
                                         std::span<const Tensor> tensors) {
  std::vector<Tensor> copies;
  const Status begun = begin_copies_to_host(device, stream, pool, tensors, copies);
  // Also after a failure: the copies that were begun write to memory that is given back with `copies`.
  const Status done = stream.synchronize();
  HEARTH_RETURN_IF_ERROR(begun);
  HEARTH_RETURN_IF_ERROR(done);
  return copies;
}

}  // namespace hearth
