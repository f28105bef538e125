#include "kernels/cpu/gemm.h"

#include <algorithm>
#include <limits>

#include "base/errors.h"

namespace hearth {
namespace {

/// Depth that is summed in registers before the sums go to c. A panel of it stays in the second-level cache while the
/// rows of a block pass over it. A constant, because where a sum is cut shows in its bits.
constexpr int64_t kDepthBlock = 1024;
/// Rows that lie a multiple of this many elements apart share the sets of a first-level cache and drive each other out.
constexpr int64_t kAliasingStride = 512;
constexpr int64_t kMostTilesOfBlock = 8;
constexpr int64_t kItemsPerMember = 4;
/// Panels over which the work of gathering a block is spread at least.
constexpr int64_t kFewestPanelsOfGatheredItem = 4;

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// How a product is cut into items of work: a block of rows times a block of panels.
struct Plan {
  int64_t depth_block = 0;
  int64_t depth_blocks = 0;
  int64_t tiles_of_block = 0;
  int64_t row_blocks = 0;
  int64_t panels = 0;
  int64_t panels_of_block = 0;
  int64_t panel_blocks = 0;
  bool copies_rows = false;
  int64_t copy_stride = 0;

  int64_t items(const Gemm& gemm) const { return gemm.instances * row_blocks * panel_blocks; }
};

Plan make_plan(const MicroKernels& kernels, const Gemm& gemm, int members) {
  Plan plan;
  plan.depth_blocks = std::max<int64_t>(divide_up(gemm.depth, kDepthBlock), 1);
  plan.depth_block = divide_up(gemm.depth, plan.depth_blocks);
  plan.copies_rows =
      gemm.gather || gemm.a_depth != 1 || (gemm.rows > kernels.tile_rows / 2 && gemm.a_row % kAliasingStride == 0);
  // An odd number of cache lines apart: neighbouring rows fall into different sets.
  plan.copy_stride = (divide_up(plan.depth_block, 16) | 1) * 16;

  const int64_t tiles = divide_up(gemm.rows, kernels.tile_rows);
  plan.panels = divide_up(gemm.columns, kernels.panel_width());
  plan.row_blocks = divide_up(tiles, kMostTilesOfBlock);
  plan.panel_blocks = 1;
  const int64_t fewest_panels = plan.copies_rows ? kFewestPanelsOfGatheredItem : 1;
  while (members > 1 && plan.items(gemm) < kItemsPerMember * members) {
    if (divide_up(plan.panels, plan.panel_blocks * 2) >= fewest_panels && plan.panel_blocks * 2 <= plan.panels) {
      plan.panel_blocks *= 2;
    } else if (plan.row_blocks * 2 <= tiles) {
      plan.row_blocks *= 2;
    } else {
      break;
    }
  }
  plan.tiles_of_block = divide_up(tiles, plan.row_blocks);
  plan.row_blocks = divide_up(tiles, plan.tiles_of_block);
  plan.panels_of_block = divide_up(plan.panels, plan.panel_blocks);
  plan.panel_blocks = divide_up(plan.panels, plan.panels_of_block);
  return plan;
}

/// Computes items of one product; one per call of run_gemm, shared by the members.
class Worker {
 public:
  Worker(const MicroKernels& kernels, const Gemm& gemm, const Plan& plan, float* buffers)
      : kernels_(kernels), gemm_(gemm), plan_(plan), buffers_(buffers) {
    activates_ = !activation_as_clamp(gemm.activation, low_, high_);
  }

  int64_t buffer_size() const { return plan_.tiles_of_block * kernels_.tile_rows * plan_.copy_stride; }

  void compute(int64_t item) const {
    const int64_t row_block = item % plan_.row_blocks;
    const int64_t panel_block = item / plan_.row_blocks % plan_.panel_blocks;
    const int64_t rows_of_block = plan_.tiles_of_block * kernels_.tile_rows;
    Block block;
    block.instance = item / (plan_.row_blocks * plan_.panel_blocks);
    block.row = row_block * rows_of_block;
    block.row_end = std::min(block.row + rows_of_block, gemm_.rows);
    block.panel = panel_block * plan_.panels_of_block;
    block.panel_end = std::min(block.panel + plan_.panels_of_block, plan_.panels);
    for (int64_t i = 0; i < plan_.depth_blocks; ++i) {
      block.depth_begin = i * plan_.depth_block;
      block.depth = std::min(plan_.depth_block, gemm_.depth - block.depth_begin);
      compute_block(block);
    }
  }

 private:
  struct Block {
    int64_t instance;
    int64_t row;
    int64_t row_end;
    int64_t panel;
    int64_t panel_end;
    int64_t depth_begin;
    int64_t depth;
  };

  void compute_block(const Block& block) const {
    TileArguments tile;
    tile.alpha = gemm_.alpha;
    tile.low = low_;
    tile.high = high_;
    tile.depth = block.depth;
    tile.first = block.depth_begin == 0;
    tile.last = block.depth_begin + block.depth == gemm_.depth;
    tile.c_stride = gemm_.c_row;
    tile.residual_stride = gemm_.residual_row;
    const float* a = rows_of(block, tile.a_stride);
    for (int64_t panel = block.panel; panel < block.panel_end; ++panel) {
      const int64_t column = panel * kernels_.panel_width();
      tile.columns = static_cast<int>(std::min(kernels_.panel_width(), gemm_.columns - column));
      const int vectors = static_cast<int>(divide_up(tile.columns, kernels_.lanes));
      set_panel(block, column, vectors, tile);
      for (int64_t row = block.row; row < block.row_end; row += kernels_.tile_rows) {
        const int rows = static_cast<int>(std::min<int64_t>(kernels_.tile_rows, block.row_end - row));
        tile.a = a + (row - block.row) * tile.a_stride;
        tile.c = gemm_.c + block.instance * gemm_.c_instance + row * gemm_.c_row + column;
        if (gemm_.residual) {
          tile.residual = gemm_.residual + block.instance * gemm_.residual_instance + row * gemm_.residual_row + column;
        }
        kernels_.compute_tile(rows, vectors, tile);
        if (tile.last && activates_) activate(rows, tile);
      }
    }
  }

  /// The block's part of a: in place where it is a plain matrix, else copied to the member's buffer.
  const float* rows_of(const Block& block, int64_t& stride) const {
    const float* a = gemm_.a + block.instance * gemm_.a_instance + block.row * gemm_.a_row;
    if (!plan_.copies_rows) {
      stride = gemm_.a_row;
      return a + block.depth_begin;
    }
    stride = plan_.copy_stride;
    float* buffer = buffers_ + ThreadTeam::current_member() * buffer_size();
    const int64_t rows = block.row_end - block.row;
    if (gemm_.gather) {
      (*gemm_.gather)({block.instance, block.row, rows, block.depth_begin, block.depth, buffer, stride});
      return buffer;
    }
    a += block.depth_begin * gemm_.a_depth;
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t k = 0; k < block.depth; ++k) buffer[r * stride + k] = a[r * gemm_.a_row + k * gemm_.a_depth];
    }
    return buffer;
  }

  void set_panel(const Block& block, int64_t column, int vectors, TileArguments& tile) const {
    const float* b = gemm_.b + block.instance * gemm_.b_instance;
    if (gemm_.b_row != 0) {
      tile.b_stride = gemm_.b_row;
      tile.b = b + column;
    } else {
      tile.b_stride = static_cast<int64_t>(vectors) * kernels_.lanes;
      tile.b = b + column * gemm_.depth;
    }
    tile.b += block.depth_begin * tile.b_stride;
    if (gemm_.bias) tile.bias = gemm_.bias + block.instance * gemm_.bias_instance + column;
  }

  void activate(int rows, const TileArguments& tile) const {
    for (int r = 0; r < rows; ++r) kernels_.activate(gemm_.activation, tile.c + r * tile.c_stride, tile.columns);
  }

  const MicroKernels& kernels_;
  const Gemm& gemm_;
  const Plan& plan_;
  float* buffers_;
  float low_ = 0;
  float high_ = 0;
  bool activates_ = false;
};

}  // namespace

bool activation_as_clamp(Activation activation, float& low, float& high) {
  low = -std::numeric_limits<float>::infinity();
  high = std::numeric_limits<float>::infinity();
  if (activation == Activation::kNone) return true;
  if (activation != Activation::kRelu && activation != Activation::kRelu6) return false;
  low = 0;
  if (activation == Activation::kRelu6) high = 6;
  return true;
}

Status run_gemm(const KernelContext& context, const MicroKernels& kernels, const Gemm& gemm) {
  if (gemm.instances == 0 || gemm.rows == 0 || gemm.columns == 0) return {};
  const Plan plan = make_plan(kernels, gemm, context.team->size());
  StorageRef buffers;
  if (plan.copies_rows) {
    const int64_t size = Worker(kernels, gemm, plan, nullptr).buffer_size() * context.team->size();
    HEARTH_ASSIGN_OR_RETURN(buffers, context.pool->allocate(static_cast<size_t>(size) * sizeof(float)));
  }
  const Worker worker(kernels, gemm, plan, buffers ? reinterpret_cast<float*>(buffers->data()) : nullptr);
  context.team->parallel_for(plan.items(gemm), 1, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) worker.compute(item);
  });
  return {};
}

}  // namespace hearth
