#pragma once

#include <cstdint>

namespace hearth::gpu {

/// A table in blocks (kernels/block_weights.h), of which rows are read.
struct BlockTable {
  int64_t count;  ///< Rows to read.
  int64_t depth;
  int64_t blocks_of_panel;
  int32_t block_bytes;
  int32_t numbers;  ///< Where the numbers of a block begin; scales and minimums lie before them.
  int32_t nibbles;  ///< Not 0: two numbers to a byte.
  int32_t minimum;  ///< Not 0: rows have minimums; else numbers count from the middle.
};

}  // namespace hearth::gpu
