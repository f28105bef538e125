#include "kernels/cuda/convolution_plan.h"

#include <gtest/gtest.h>

#include <array>

#include "kernels/cuda/convolution_parameters.h"

namespace hearth::gpu {
namespace {

struct PlanCase {
  const char* name;
  int64_t rows, columns, groups, slices;
  int tile;
  int64_t splits;
};

constexpr int kProcessors = 132;

// Layers of ResNet-50 in bfloat16, whose slices are 64 long.
const std::array kCases{
    PlanCase{"first layer, one picture", 12544, 64, 1, 7, 0, 1},
    PlanCase{"first layer, 32 pictures", 401408, 64, 1, 7, 1, 1},
    PlanCase{"56x56, 64 to 256 channels", 3136, 256, 1, 1, 0, 1},
    PlanCase{"56x56, 32 pictures", 100352, 256, 1, 1, 2, 1},
    PlanCase{"28x28, 3x3", 784, 128, 1, 18, 0, 4},
    PlanCase{"14x14, 3x3", 196, 256, 1, 36, 0, 8},
    PlanCase{"14x14, 256 to 1024 channels", 196, 1024, 1, 4, 0, 1},
    PlanCase{"7x7, 3x3", 49, 512, 1, 72, 0, 15},
    PlanCase{"7x7, 2048 to 512 channels", 49, 512, 1, 32, 0, 8},
    PlanCase{"groups", 196, 64, 40, 36, 0, 1},
    PlanCase{"no depth", 49, 64, 1, 0, 0, 1},
};

TEST(ConvolutionPlan, GivesEachProcessorWork) {
  for (const PlanCase& c : kCases) {
    SCOPED_TRACE(c.name);
    const ProductPlan plan = plan_product(c.rows, c.columns, c.groups, c.slices, kProcessors);
    EXPECT_EQ(plan.tile, c.tile);
    EXPECT_EQ(plan.splits, c.splits);
    EXPECT_GE(plan.splits * plan.slices, c.slices);
    EXPECT_TRUE(c.slices == 0 || (plan.splits - 1) * plan.slices < c.slices) << "a split has nothing to do";
  }
}

TEST(ConvolutionPlan, TilesFitIntoTheSharedMemoryOfSmallGpus) {
  for (const ConvolutionTile& tile : kConvolutionTiles) EXPECT_LE(shared_bytes(tile), 99 * 1024);
}

}  // namespace
}  // namespace hearth::gpu
