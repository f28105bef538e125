#pragma once

#include <cstdint>
#include <vector>

#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

/// How far a tensor is from what was expected. A complex element counts as two: its real and its imaginary part.
struct Comparison {
  int64_t elements = 0;
  int64_t mismatches = 0;  ///< Elements with |actual - expected| > atol + rtol * |expected|; NaN equals NaN, infinities
                           ///< must match in sign.
  double max_abs = 0;  ///< Largest |actual - expected| among finite pairs; infinity when one side alone is not finite.
  double max_rel =
      0;  ///< Largest |actual - expected| / |expected| among pairs with a finite expected value other than 0.
  std::vector<int64_t> worst_index;  ///< Of the element that exceeds its tolerance most, or else of the largest
                                     ///< difference; empty for scalars.
  double worst_actual = 0;
  double worst_expected = 0;
};

/// Compares element by element, any strides. kInvalidArgument when dtype or shape differ, or the dtype is packed.
Result<Comparison> compare(const Tensor& actual, const Tensor& expected, double atol, double rtol);

}  // namespace hearth
