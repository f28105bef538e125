#include "kernels/cpu/gemm_plan.h"

#include <algorithm>

#include "kernels/cpu/work_division.h"

namespace hearth {
namespace {

/// A panel of this depth stays in the second-level cache while the rows of a block pass over it. A constant, because
/// where a sum is cut shows in its bits.
constexpr int64_t kDepthBlock = 1024;
constexpr int64_t kMostTilesOfBlock = 8;
constexpr int64_t kItemsPerMember = 4;
/// Panels over which the work of copying a block is spread at least.
constexpr int64_t kFewestPanelsOfCopiedBlock = 4;
constexpr int64_t kLineElements = 16;
/// Elements that take half a second-level cache: a member that works on all rows of more reads them from farther away
/// for each panel.
constexpr int64_t kCachedElements = 1 << 17;
/// Elements that take half a first-level cache.
constexpr int64_t kSmallPanels = 4096;
/// Floating-point operations that take some microseconds, several times what handing them to a thread takes.
constexpr int64_t kWorthwhileWork = 500'000;
/// What reading an element of b from memory takes, in operations: it counts when there are few rows.
constexpr int64_t kReadingWork = 16;
/// What finishing an element of c takes, in operations: it counts when sums are short.
constexpr int64_t kFinishingWork = 32;

int64_t work_of(const TileKernels& kernels, const Gemm& gemm) {
  const int64_t lanes_used = divide_up(gemm.columns, kernels.lanes) * kernels.lanes;
  const int64_t computing = gemm.rows * lanes_used * (2 * gemm.depth + kFinishingWork);
  return gemm.instances * (computing + gemm.depth * gemm.columns * kReadingWork);
}

/// Cuts tiles and panels into blocks: enough items for every member to get some, but no more cuts than that, and none
/// that are too small to be worth it.
void cut_blocks(int64_t work, const Gemm& gemm, int members, GemmPlan& plan) {
  const int64_t most_items = std::min<int64_t>(kItemsPerMember * members, work / kWorthwhileWork);
  const int64_t fewest_panels = plan.copies_rows ? kFewestPanelsOfCopiedBlock : 1;
  plan.row_blocks = divide_up(plan.tiles, kMostTilesOfBlock);
  plan.panel_blocks = 1;
  while (members > 1 && gemm.instances * plan.items_of_instance() < most_items) {
    if (plan.panels >= plan.panel_blocks * 2 * fewest_panels) {
      plan.panel_blocks *= 2;
    } else if (plan.row_blocks * 2 <= plan.tiles) {
      plan.row_blocks *= 2;
    } else {
      break;
    }
  }
  plan.tiles_of_block = divide_up(plan.tiles, plan.row_blocks);
  plan.row_blocks = divide_up(plan.tiles, plan.tiles_of_block);
  plan.panels_of_block = divide_up(plan.panels, plan.panel_blocks);
  plan.panel_blocks = divide_up(plan.panels, plan.panels_of_block);
  plan.rows_come_first = gemm.rows > gemm.columns || gemm.rows * gemm.depth > kCachedElements;
  const int64_t items = gemm.instances * plan.items_of_instance();
  plan.grain = std::clamp<int64_t>(kWorthwhileWork * items / std::max<int64_t>(work, 1), 1, items);
}

}  // namespace

int64_t GemmPlan::end_row(int64_t tile) const {
  const int64_t line_end = (tile / tiles_of_line + 1) * line_length;
  return std::min(first_row(tile) + tile_rows, line_end);
}

GemmPlan plan_gemm(const TileKernels& kernels, const Gemm& gemm, int members) {
  GemmPlan plan;
  plan.depth_blocks = gemm.sink ? 1 : std::max<int64_t>(divide_up(gemm.depth, kDepthBlock), 1);
  plan.depth_block = divide_up(gemm.depth, plan.depth_blocks);

  plan.line_length = gemm.windows ? gemm.windows->line_length() : gemm.rows;
  const int64_t least_tiles = divide_up(plan.line_length, kernels.tile_rows);
  plan.tile_rows = divide_up(plan.line_length, least_tiles);
  plan.tiles_of_line = divide_up(plan.line_length, plan.tile_rows);
  plan.tiles = gemm.rows / plan.line_length * plan.tiles_of_line;
  plan.panels = divide_up(gemm.columns, kernels.panel_width());

  const bool is_matrix = !gemm.blocks && !gemm.windows;
  // Kernels that read whole cache lines of a row at once do not suffer.
  const bool rows_alias =
      kernels.depth_step == 1 && gemm.rows > kernels.tile_rows / 2 && gemm.a_row % kAliasingStride == 0;
  plan.copies_rows = gemm.blocks || (is_matrix && (gemm.a_depth != 1 || rows_alias));
  // An odd number of cache lines apart, neighbouring rows fall into different sets.
  plan.copy_stride = (divide_up(plan.depth_block, kLineElements) | 1) * kLineElements;
  cut_blocks(work_of(kernels, gemm), gemm, members, plan);
  plan.panels_are_small = plan.panels_of_block <= kMostSmallPanels &&
                          plan.depth_block * plan.panels_of_block * kernels.panel_width() <= kSmallPanels;
  return plan;
}

}  // namespace hearth
