#pragma once

#include <cstdint>

namespace hearth::gpu {

/// A pass of radix_sort.cu over lines of keys.
struct RadixPass {
  static constexpr int kDigits = 256;
  static constexpr int kThreads = 256;
  static constexpr int kKeysOfThread = 8;
  static constexpr int kTile = kThreads * kKeysOfThread;  ///< Keys of a block.

  int32_t length;
  int32_t tiles;  ///< Of a line.
  int32_t shift;  ///< Of the digit.
};

}  // namespace hearth::gpu
