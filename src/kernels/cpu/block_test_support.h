#pragma once

#include <cmath>
#include <cstring>

#include "kernels/block_weights.h"
#include "kernels/cpu/kernel_test_support.h"

namespace hearth {

inline constexpr BlockFormat kBlockFormatsOfTests[] = {BlockFormat::kNibbles, BlockFormat::kNibblesFromMinimum,
                                                       BlockFormat::kBytes};

/// Random numbers, with scales and minimums that bring products near 1.
inline BlockWeights draw_block_weights(Draw& draw, BlockFormat format, int64_t rows, int64_t depth) {
  const int64_t panels = (rows + kBlockRows - 1) / kBlockRows;
  const int64_t blocks = (depth + kBlockDepth - 1) / kBlockDepth;
  const int64_t size = block_bytes(format);
  const Tensor numbers = draw.tensor({panels * blocks * size});
  const Tensor data = *Tensor::empty(DType::kUInt8, std::array{panels, blocks, size});
  const int64_t header = kBlockRows * 4 * (format == BlockFormat::kNibblesFromMinimum ? 2 : 1);
  for (int64_t i = 0; i < panels * blocks * size; ++i) {
    const float number = numbers.data_as<float>()[i * numbers.stride(0)];
    auto* byte = data.data_as<uint8_t>() + i;
    if (i % size >= header) {
      *byte = static_cast<uint8_t>(std::lround(number * 127) + 128);
    } else if (i % 2 == 0) {
      const Float16 half(number / (format == BlockFormat::kBytes ? 128 : 8));
      std::memcpy(byte, &half.bits, sizeof(half.bits));
    }
  }
  return {data, format, rows};
}

}  // namespace hearth
