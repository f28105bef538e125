#pragma once

#include <cstddef>
#include <span>

#include "hearth/tensor.h"

namespace hearth {

/// A tensor's memory from its first element to its last, what lies between them included. Empty when it has none.
std::span<std::byte> extent_of(const Tensor& tensor);

}  // namespace hearth
