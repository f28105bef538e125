#pragma once

#include <cstdint>

namespace hearth::gpu {

/// How a product is dealt to blocks.
struct ProductPlan {
  int tile = 0;        ///< Of kConvolutionTiles: 0, 1, or 2 for the largest.
  int64_t splits = 1;  ///< Of the depth.
  int64_t slices = 0;  ///< Of each split; the last may have fewer.
};

/// For `groups` products of [rows, depth] and [depth, columns] whose depth is `slices` long, on a GPU with that many
/// processors: the largest tile that gives all of them work; where the smallest does not and the depth is long, it is
/// split, at the cost of a second pass over the sums.
ProductPlan plan_product(int64_t rows, int64_t columns, int64_t groups, int64_t slices, int processors);

}  // namespace hearth::gpu
