#include "kernels/cuda/convolution_plan.h"

#include <algorithm>

#include "kernels/cuda/convolution_parameters.h"

namespace hearth::gpu {
namespace {

// A second pass takes as long as about ten slices of a block that is alone on its processor.
constexpr int64_t kFewestSplitSlices = 16;
constexpr int64_t kFewestSlices = 4;  // Of a split: with fewer, filling the pipeline is what takes the time.

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

ProductPlan plan_product(int64_t rows, int64_t columns, int64_t groups, int64_t slices, int processors) {
  const auto blocks_of = [&](const ConvolutionTile& tile) {
    return divide_up(rows, tile.rows) * divide_up(columns, tile.columns) * groups;
  };
  ProductPlan plan{.slices = slices};
  for (int i = kLargeFloat32Tile; i > 0; --i) {
    const ConvolutionTile& tile = kConvolutionTiles[i];
    if (columns <= tile.columns / 2 || blocks_of(tile) < processors) continue;
    plan.tile = i;
    return plan;
  }
  const int64_t blocks = blocks_of(kConvolutionTiles[0]);
  if (blocks >= processors || slices < kFewestSplitSlices) return plan;
  const int64_t splits =
      std::min(std::max<int64_t>(processors / std::max<int64_t>(blocks, 1), 1), slices / kFewestSlices);
  plan.slices = divide_up(slices, splits);
  plan.splits = divide_up(slices, plan.slices);
  return plan;
}

}  // namespace hearth::gpu
