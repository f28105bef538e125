#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "hearth/tensor.h"

namespace hearth {

/// A step's inputs: tokens of one sequence after another, their positions in it, and the last row of each.
class TokenLists {
 public:
  /// Tokens, at least one, that continue a sequence of `length`.
  void add(std::span<const int64_t> tokens, int64_t length);
  /// tokens [T], positions [T], rows [sequences]. They lie in the object.
  Result<std::array<Tensor, 3>> tensors();

 private:
  std::vector<int64_t> tokens_;
  std::vector<int64_t> positions_;
  std::vector<int64_t> rows_;
};

}  // namespace hearth
