#include "kernels/host_constants.h"

#include <iterator>
#include <utility>

#include "hearth/status.h"
#include "tensor/extent.h"

namespace hearth {

void HostConstants::add(const StorageRef& on_gpu, StorageRef original) {
  originals_.insert_or_assign(on_gpu->data(), std::move(original));
}

std::optional<Tensor> HostConstants::find(const Tensor& tensor) const {
  const auto* first = static_cast<const std::byte*>(tensor.data());
  const auto after = originals_.upper_bound(first);
  if (after == originals_.begin() || dtype_bits(tensor.dtype()) % 8 != 0) return std::nullopt;
  const auto& [begin, original] = *std::prev(after);
  const auto offset = static_cast<size_t>(first - begin);
  const auto element = static_cast<size_t>(dtype_bits(tensor.dtype()) / 8);
  if (offset > original->size() || extent_of(tensor).size() > original->size() - offset || offset % element != 0) {
    return std::nullopt;
  }
  const Result<Tensor> found =
      Tensor::view(original, tensor.dtype(), tensor.shape(), tensor.strides(), static_cast<int64_t>(offset / element));
  return found.ok() ? std::optional(*found) : std::nullopt;
}

}  // namespace hearth
