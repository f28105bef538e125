#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "hearth/tensor.h"

namespace hearth {

/// A step's inputs: tokens of one sequence after another, their positions in it, and which of them are answered for.
class TokenLists {
 public:
  /// Tokens, at least one, that continue a sequence of `length`. The model answers for the last `rows` of them.
  void add(std::span<const int64_t> tokens, int64_t length, size_t rows = 1);
  /// tokens [T], positions [T], rows [R]. They lie in the object.
  Result<std::array<Tensor, 3>> tensors();

 private:
  std::vector<int64_t> tokens_;
  std::vector<int64_t> positions_;
  std::vector<int64_t> rows_;
};

}  // namespace hearth
