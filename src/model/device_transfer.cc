#include "model/device_transfer.h"

#include <cstring>

#include "base/errors.h"
#include "tensor/layout.h"

namespace hearth {
namespace {

/// From the first element to the last.
std::span<std::byte> bytes_of(const Tensor& tensor) {
  const CheckedSize elements = element_extent(tensor.shape(), tensor.strides());
  return {static_cast<std::byte*>(tensor.data()), elements_to_bytes(elements, tensor.dtype()).as<size_t>().value_or(0)};
}

DeviceMemory memory_of(const Tensor& tensor) { return {tensor.data(), bytes_of(tensor).size()}; }

}  // namespace

Result<std::vector<Tensor>> copy_to_device(Device& device, Stream& stream, MemoryPool& pool,
                                           std::span<const Tensor> tensors) {
  std::vector<Tensor> copies;
  for (const Tensor& tensor : tensors) {
    HEARTH_ASSIGN_OR_RETURN(Tensor copy, pool.empty_strided(tensor.dtype(), tensor.shape(), tensor.strides()));
    if (!bytes_of(tensor).empty()) {
      HEARTH_RETURN_IF_ERROR(device.copy_to_device(stream, memory_of(copy), 0, bytes_of(tensor)));
    }
    copies.push_back(std::move(copy));
  }
  return copies;
}

Result<std::vector<Tensor>> copy_to_host(Device& device, Stream& stream, MemoryPool& pool,
                                         std::span<const Tensor> tensors) {
  std::vector<Tensor> copies;
  for (const Tensor& tensor : tensors) {
    HEARTH_ASSIGN_OR_RETURN(Tensor copy, pool.empty_strided(tensor.dtype(), tensor.shape(), tensor.strides()));
    if (!bytes_of(tensor).empty() && tensor.storage()->memory() == MemoryKind::kHost) {
      // What the code computed on the host.
      std::memcpy(copy.data(), tensor.data(), bytes_of(tensor).size());
    } else if (!bytes_of(tensor).empty()) {
      HEARTH_RETURN_IF_ERROR(device.copy_to_host(stream, bytes_of(copy), memory_of(tensor), 0));
    }
    copies.push_back(std::move(copy));
  }
  HEARTH_RETURN_IF_ERROR(stream.synchronize());
  return copies;
}

}  // namespace hearth
