#include "kernels/cpu/gemm.h"

#include <algorithm>
#include <limits>

#include "base/errors.h"
#include "kernels/cpu/gemm_plan.h"
#include "kernels/cpu/tile_run.h"

namespace hearth {
namespace {

/// A block of tiles and panels at one block of the depth.
struct Block {
  int64_t instance;
  int64_t tile;
  int64_t tile_end;
  int64_t first_row;  ///< Of the first tile.
  int64_t panel;
  int64_t panel_end;
  int64_t depth_begin;
  int64_t depth;
};

/// Sums of one tile at most.
constexpr int64_t kMostSums = 1024;

/// The tiles of one item, and the depths of the one at hand.
struct ItemTiles : TileRun {
  using TileRun::TileRun;
  DepthRun runs[WindowSource::kMostRuns];
};

/// Computes items of one product; shared by the members.
class Worker {
 public:
  /// `buffers` holds plan.buffer_size() elements for each member, or is null where the plan copies no rows.
  Worker(const TileKernels& kernels, const Gemm& gemm, const GemmPlan& plan, float* buffers)
      : kernels_(kernels), gemm_(gemm), plan_(plan), buffers_(buffers) {
    activates_ = !activation_as_clamp(gemm.activation, low_, high_);
    tiles_finish_ = gemm.sink && gemm.sink->is_finished_by(kernels);
  }

  void compute(int64_t item) const {
    Block block{};
    block.instance = item / plan_.items_of_instance();
    const int64_t of_instance = item % plan_.items_of_instance();
    const int64_t row_block = plan_.rows_come_first ? of_instance / plan_.panel_blocks : of_instance % plan_.row_blocks;
    const int64_t panel_block =
        plan_.rows_come_first ? of_instance % plan_.panel_blocks : of_instance / plan_.row_blocks;
    block.tile = row_block * plan_.tiles_of_block;
    block.tile_end = std::min(block.tile + plan_.tiles_of_block, plan_.tiles);
    block.first_row = plan_.first_row(block.tile);
    block.panel = panel_block * plan_.panels_of_block;
    block.panel_end = std::min(block.panel + plan_.panels_of_block, plan_.panels);
    ItemTiles run(kernels_);
    for (int64_t i = 0; i < plan_.depth_blocks; ++i) {
      block.depth_begin = i * plan_.depth_block;
      block.depth = std::min(plan_.depth_block, gemm_.depth - block.depth_begin);
      compute_block(block, run);
    }
  }

 private:
  /// Some columns of b and of the result.
  struct Panel {
    int64_t column = 0;
    int columns = 0;
    int vectors = 0;
    const float* b = nullptr;
    int64_t b_stride = 0;
    const float* bias = nullptr;
    FinishArguments finish;  ///< Where tiles finish their sums: of the tile at hand.
    int64_t residual_row_bytes = 0;
    int64_t result_row_bytes = 0;

    void advance(int rows) {
      finish.result = static_cast<std::byte*>(finish.result) + rows * result_row_bytes;
      if (finish.residual) finish.residual = static_cast<const std::byte*>(finish.residual) + rows * residual_row_bytes;
      if (finish.integers.row_scales) finish.integers.row_scales += rows;
    }
  };

  void compute_block(const Block& block, ItemTiles& run) const {
    TileArguments tile;
    tile.alpha = gemm_.alpha;
    tile.low = low_;
    tile.high = high_;
    tile.first = block.depth_begin == 0;
    tile.last = block.depth_begin + block.depth == gemm_.depth;
    tile.residual_stride = gemm_.residual_row;
    tile.runs = run.runs;
    const float* a = gemm_.windows ? nullptr : rows_of(block, tile.a_stride);
    if (gemm_.windows) tile.a_stride = gemm_.windows->row_stride();
    if (!plan_.panels_are_small) {
      for (int64_t p = block.panel; p < block.panel_end; ++p) {
        Panel panel = panel_of(block, p);
        TileCursor rows(plan_, block.tile);
        for (int64_t t = block.tile; t < block.tile_end; ++t, rows.advance()) {
          compute_tile(block, panel, a, rows, tile, run);
        }
      }
      return;
    }
    // Whole rows of the result, one after the other.
    Panel panels[kMostSmallPanels];
    const int64_t count = block.panel_end - block.panel;
    for (int64_t p = 0; p < count; ++p) panels[p] = panel_of(block, block.panel + p);
    TileCursor rows(plan_, block.tile);
    for (int64_t t = block.tile; t < block.tile_end; ++t, rows.advance()) {
      for (int64_t p = 0; p < count; ++p) compute_tile(block, panels[p], a, rows, tile, run);
    }
  }

  Panel panel_of(const Block& block, int64_t number) const {
    Panel panel;
    panel.column = number * kernels_.panel_width();
    panel.columns = static_cast<int>(std::min(kernels_.panel_width(), gemm_.columns - panel.column));
    panel.vectors = (panel.columns + kernels_.lanes - 1) / kernels_.lanes;
    const bool packed = gemm_.b_row == 0;
    panel.b_stride = packed ? static_cast<int64_t>(panel.vectors) * kernels_.lanes : gemm_.b_row;
    panel.b = gemm_.b + block.instance * gemm_.b_instance + (packed ? panel.column * gemm_.depth : panel.column) +
              block.depth_begin * panel.b_stride;
    if (gemm_.bias) panel.bias = gemm_.bias + block.instance * gemm_.bias_instance + panel.column;
    if (tiles_finish_) {
      panel.finish = gemm_.sink->finish_arguments(block.instance, block.first_row, 0, panel.column, panel.columns);
      panel.residual_row_bytes = panel.finish.residual_stride * dtype_bits(panel.finish.residual_dtype) / 8;
      panel.result_row_bytes = panel.finish.result_stride * dtype_bits(panel.finish.result_dtype) / 8;
    }
    return panel;
  }

  /// `a`: the block's rows, where there are no windows; `rows`: where the tile is.
  void compute_tile(const Block& block, Panel& panel, const float* a, const TileCursor& rows, TileArguments& tile,
                    ItemTiles& run) const {
    tile.b_stride = panel.b_stride;
    tile.columns = panel.columns;
    tile.bias = panel.bias;
    if (gemm_.windows) {
      tile.run_count = gemm_.windows->runs(block.instance, rows.row(), block.depth_begin, block.depth, panel.b,
                                           panel.b_stride, run.runs);
    } else {
      run.runs[0] = {a + (rows.row() - block.first_row) * tile.a_stride, panel.b, block.depth};
      tile.run_count = 1;
    }
    if (tiles_finish_) {
      finish_in_tile(panel, rows.rows(), tile, run);
    } else if (gemm_.sink) {
      sum_tile(block, panel, rows, tile, run);
    } else {
      finish_tile(block, panel, rows, tile, run);
    }
  }

  void finish_in_tile(Panel& panel, int rows, TileArguments& tile, ItemTiles& run) const {
    panel.finish.rows = rows;
    tile.finish = &panel.finish;
    run.compute(rows, panel.vectors, tile);
    panel.advance(rows);
  }

  void sum_tile(const Block& block, const Panel& panel, const TileCursor& rows, TileArguments& tile,
                ItemTiles& run) const {
    alignas(64) float sums[kMostSums];
    tile.c = sums;
    tile.c_stride = kernels_.panel_width();
    run.compute(rows.rows(), panel.vectors, tile);
    gemm_.sink->store(block.instance, rows.row(), rows.rows(), panel.column, panel.columns, sums, tile.c_stride);
  }

  void finish_tile(const Block& block, const Panel& panel, const TileCursor& rows, TileArguments& tile,
                   ItemTiles& run) const {
    tile.c = gemm_.c + block.instance * gemm_.c_instance + rows.row() * gemm_.c_row + panel.column;
    tile.c_stride = gemm_.c_row;
    if (gemm_.residual) {
      tile.residual =
          gemm_.residual + block.instance * gemm_.residual_instance + rows.row() * gemm_.residual_row + panel.column;
    }
    run.compute(rows.rows(), panel.vectors, tile);
    if (!tile.last || !activates_) return;
    for (int r = 0; r < rows.rows(); ++r) {
      kernels_.activate(gemm_.activation, tile.c + r * tile.c_stride, panel.columns);
    }
  }

  /// The block's part of a: in place where it is a plain matrix, else made in the member's buffer.
  const float* rows_of(const Block& block, int64_t& stride) const {
    const float* a = gemm_.a + block.instance * gemm_.a_instance + block.first_row * gemm_.a_row;
    if (!plan_.copies_rows) {
      stride = gemm_.a_row;
      return a + block.depth_begin;
    }
    stride = plan_.copy_stride;
    float* buffer = buffers_ + ThreadTeam::current_member() * plan_.buffer_size();
    const int64_t rows = plan_.end_row(block.tile_end - 1) - block.first_row;
    if (gemm_.blocks) {
      gemm_.blocks->gather(block.instance, block.first_row, rows, block.depth_begin, block.depth, buffer, stride);
      return buffer;
    }
    a += block.depth_begin * gemm_.a_depth;
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t k = 0; k < block.depth; ++k) buffer[r * stride + k] = a[r * gemm_.a_row + k * gemm_.a_depth];
    }
    return buffer;
  }

  const TileKernels& kernels_;
  const Gemm& gemm_;
  const GemmPlan& plan_;
  float* buffers_;
  float low_ = 0;
  float high_ = 0;
  bool activates_ = false;
  bool tiles_finish_ = false;
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
