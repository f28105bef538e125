#pragma once

#include <vector>

#include "kernels/cpu/kernel_test_support.h"

namespace hearth {

/// Operands of matmul() or batched_matmul().
struct MatmulCase {
  Tensor out, self, a, b;
  double beta = 0;
  double alpha = 1;
};

/// self with the result's shape, or with dimensions that it repeats.
inline Tensor draw_self(Draw& draw, std::vector<int64_t> shape) {
  for (int64_t& size : shape) {
    if (draw.chance(0.3)) size = 1;
  }
  if (draw.chance(0.4)) shape.erase(shape.begin(), shape.begin() + draw.from({1, 2}));
  return draw.any_order(shape);
}

}  // namespace hearth
