#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/cpu/gemm.h"

namespace hearth {

inline constexpr int64_t kMostSmallPanels = 16;

/// How a product is cut: rows into tiles, tiles and panels into blocks, a pair of blocks being an item of work, and the
/// depth into blocks that are summed in registers before the sums go to c.
struct GemmPlan {
  int64_t depth_block = 0;
  int64_t depth_blocks = 0;
  int64_t line_length = 0;  ///< Rows that tiles may not cross.
  int64_t tile_rows = 0;
  int64_t tiles_of_line = 0;
  int64_t tiles = 0;
  int64_t tiles_of_block = 0;
  int64_t row_blocks = 0;
  int64_t panels_of_block = 0;
  int64_t panel_blocks = 0;
  int64_t panels = 0;
  bool copies_rows = false;  ///< Blocks of a are made in a buffer before they are used.
  int64_t copy_stride = 0;
  /// A block's panels, at most kMostSmallPanels, stay in the first-level cache.
  bool panels_are_small = false;
  /// Items that follow each other share rows, and not panels: members, who begin with items in a row, then have rows of
  /// their own.
  bool rows_come_first = false;
  int64_t grain = 1;  ///< Items that are worth waking a thread for.

  int64_t items_of_instance() const { return row_blocks * panel_blocks; }
  int64_t buffer_size() const { return tiles_of_block * tile_rows * copy_stride; }
  int64_t first_row(int64_t tile) const {
    return tile / tiles_of_line * line_length + tile % tiles_of_line * tile_rows;
  }
  int64_t end_row(int64_t tile) const;
};

/// The rows of one tile after the other.
class TileCursor {
 public:
  TileCursor(const GemmPlan& plan, int64_t tile)
      : tile_rows_(plan.tile_rows),
        line_length_(plan.line_length),
        row_(plan.first_row(tile)),
        line_end_((tile / plan.tiles_of_line + 1) * plan.line_length) {}

  int64_t row() const { return row_; }
  int rows() const { return static_cast<int>(std::min(tile_rows_, line_end_ - row_)); }
  void advance() {
    row_ += tile_rows_;
    if (row_ < line_end_) return;
    row_ = line_end_;
    line_end_ += line_length_;
  }

 private:
  int64_t tile_rows_;
  int64_t line_length_;
  int64_t row_;
  int64_t line_end_;
};

/// The plan for a team of `members`. Where the depth is cut does not depend on them.
GemmPlan plan_gemm(const TileKernels& kernels, const Gemm& gemm, int members);

}  // namespace hearth
