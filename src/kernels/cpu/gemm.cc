#include "kernels/cpu/gemm.h"

#include <algorithm>
#include <limits>

#include "base/errors.h"
#include "kernels/cpu/gemm_plan.h"

namespace hearth {
namespace {

/// A block of tiles and panels at one block of the depth.
struct Block {
  int64_t instance;
  int64_t tile;
  int64_t tile_end;
  int64_t panel;
  int64_t panel_end;
  int64_t depth_begin;
  int64_t depth;
};

/// Sums of one tile at most.
constexpr int64_t kMostSums = 1024;

/// The tiles of one item: sets up the computing thread for them, and cleans up after them.
class TileRun {
 public:
  explicit TileRun(const TileKernels& kernels) : kernels_(kernels) {}
  ~TileRun() {
    if (rows_ != 0) kernels_.release();
  }
  TileRun(const TileRun&) = delete;
  TileRun& operator=(const TileRun&) = delete;

  void compute(int rows, int vectors, const TileArguments& tile) {
    if (kernels_.configure && rows != rows_) {
      kernels_.configure(rows);
      rows_ = rows;
    }
    kernels_.compute_tile(rows, vectors, tile);
  }

 private:
  const TileKernels& kernels_;
  int rows_ = 0;
};

/// Computes items of one product; shared by the members.
class Worker {
 public:
  /// `buffers` holds plan.buffer_size() elements for each member, or is null where the plan copies no rows.
  Worker(const TileKernels& kernels, const Gemm& gemm, const GemmPlan& plan, float* buffers)
      : kernels_(kernels), gemm_(gemm), plan_(plan), buffers_(buffers) {
    activates_ = !activation_as_clamp(gemm.activation, low_, high_);
  }

  void compute(int64_t item) const {
    Block block{};
    block.instance = item / plan_.items_of_instance();
    block.tile = item % plan_.row_blocks * plan_.tiles_of_block;
    block.tile_end = std::min(block.tile + plan_.tiles_of_block, plan_.tiles);
    block.panel = item / plan_.row_blocks % plan_.panel_blocks * plan_.panels_of_block;
    block.panel_end = std::min(block.panel + plan_.panels_of_block, plan_.panels);
    TileRun run(kernels_);
    for (int64_t i = 0; i < plan_.depth_blocks; ++i) {
      block.depth_begin = i * plan_.depth_block;
      block.depth = std::min(plan_.depth_block, gemm_.depth - block.depth_begin);
      compute_block(block, run);
    }
  }

 private:
  void compute_block(const Block& block, TileRun& run) const {
    TileArguments tile;
    tile.alpha = gemm_.alpha;
    tile.low = low_;
    tile.high = high_;
    tile.first = block.depth_begin == 0;
    tile.last = block.depth_begin + block.depth == gemm_.depth;
    tile.c_stride = gemm_.c_row;
    tile.residual_stride = gemm_.residual_row;
    const float* a = gemm_.windows ? nullptr : rows_of(block, tile.a_stride);
    if (gemm_.windows) tile.a_stride = gemm_.windows->row_stride();
    for (int64_t panel = block.panel; panel < block.panel_end; ++panel) compute_panel(block, panel, a, tile, run);
  }

  void compute_panel(const Block& block, int64_t panel, const float* a, TileArguments& tile, TileRun& run) const {
    const int64_t column = panel * kernels_.panel_width();
    tile.columns = static_cast<int>(std::min(kernels_.panel_width(), gemm_.columns - column));
    const int vectors = (tile.columns + kernels_.lanes - 1) / kernels_.lanes;
    const float* b = panel_of(block, column, vectors, tile.b_stride);
    if (gemm_.bias) tile.bias = gemm_.bias + block.instance * gemm_.bias_instance + column;
    DepthRun runs[WindowSource::kMostRuns];
    tile.runs = runs;
    const int64_t first_row = plan_.first_row(block.tile);
    for (int64_t t = block.tile; t < block.tile_end; ++t) {
      const int64_t row = plan_.first_row(t);
      if (gemm_.windows) {
        tile.run_count =
            gemm_.windows->runs(block.instance, row, block.depth_begin, block.depth, b, tile.b_stride, runs);
      } else {
        runs[0] = {a + (row - first_row) * tile.a_stride, b, block.depth};
        tile.run_count = 1;
      }
      const auto rows = static_cast<int>(plan_.end_row(t) - row);
      if (gemm_.sink) {
        sum_tile(block, row, column, rows, vectors, tile, run);
      } else {
        finish_tile(block, row, column, rows, vectors, tile);
      }
    }
  }

  void sum_tile(const Block& block, int64_t row, int64_t column, int rows, int vectors, TileArguments& tile,
                TileRun& run) const {
    alignas(64) float sums[kMostSums];
    tile.c = sums;
    tile.c_stride = kernels_.panel_width();
    run.compute(rows, vectors, tile);
    gemm_.sink->store(block.instance, row, rows, column, tile.columns, sums, tile.c_stride);
  }

  void finish_tile(const Block& block, int64_t row, int64_t column, int rows, int vectors, TileArguments& tile) const {
    tile.c = gemm_.c + block.instance * gemm_.c_instance + row * gemm_.c_row + column;
    if (gemm_.residual) {
      tile.residual = gemm_.residual + block.instance * gemm_.residual_instance + row * gemm_.residual_row + column;
    }
    kernels_.compute_tile(rows, vectors, tile);
    if (!tile.last || !activates_) return;
    for (int r = 0; r < rows; ++r) kernels_.activate(gemm_.activation, tile.c + r * tile.c_stride, tile.columns);
  }

  /// The block's part of a: in place where it is a plain matrix, else made in the member's buffer.
  const float* rows_of(const Block& block, int64_t& stride) const {
    const int64_t row = plan_.first_row(block.tile);
    const float* a = gemm_.a + block.instance * gemm_.a_instance + row * gemm_.a_row;
    if (!plan_.copies_rows) {
      stride = gemm_.a_row;
      return a + block.depth_begin;
    }
    stride = plan_.copy_stride;
    float* buffer = buffers_ + ThreadTeam::current_member() * plan_.buffer_size();
    const int64_t rows = plan_.end_row(block.tile_end - 1) - row;
    if (gemm_.blocks) {
      gemm_.blocks->gather(block.instance, row, rows, block.depth_begin, block.depth, buffer, stride);
      return buffer;
    }
    a += block.depth_begin * gemm_.a_depth;
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t k = 0; k < block.depth; ++k) buffer[r * stride + k] = a[r * gemm_.a_row + k * gemm_.a_depth];
    }
    return buffer;
  }

  /// The panel from `column` on, at the block's first depth.
  const float* panel_of(const Block& block, int64_t column, int vectors, int64_t& stride) const {
    const float* b = gemm_.b + block.instance * gemm_.b_instance;
    const bool packed = gemm_.b_row == 0;
    stride = packed ? static_cast<int64_t>(vectors) * kernels_.lanes : gemm_.b_row;
    return b + (packed ? column * gemm_.depth : column) + block.depth_begin * stride;
  }

  const TileKernels& kernels_;
  const Gemm& gemm_;
  const GemmPlan& plan_;
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

Status run_gemm(const KernelContext& context, const TileKernels& kernels, const Gemm& gemm) {
  if (gemm.instances == 0 || gemm.rows == 0 || gemm.columns == 0) return {};
  const GemmPlan plan = plan_gemm(kernels, gemm, context.team->size());
  StorageRef buffers;
  if (plan.copies_rows) {
    const auto size = static_cast<size_t>(plan.buffer_size() * context.team->size());
    HEARTH_ASSIGN_OR_RETURN(buffers, context.pool->allocate(size * sizeof(float)));
  }
  const Worker worker(kernels, gemm, plan, buffers ? reinterpret_cast<float*>(buffers->data()) : nullptr);
  context.team->parallel_for(gemm.instances * plan.items_of_instance(), plan.grain, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) worker.compute(item);
  });
  return {};
}

}  // namespace hearth
