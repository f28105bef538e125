#include "tensor/extent.h"

#include "tensor/layout.h"

namespace hearth {

std::span<std::byte> extent_of(const Tensor& tensor) {
  const CheckedSize elements = element_extent(tensor.shape(), tensor.strides());
  return {static_cast<std::byte*>(tensor.data()), elements_to_bytes(elements, tensor.dtype()).as<size_t>().value_or(0)};
}

}  // namespace hearth
