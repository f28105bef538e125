#pragma once

#include <algorithm>
#include <array>
#include <span>

#include "hal/device.h"
#include "kernels/cuda/indexing_parameters.h"

namespace hearth::gpu {

/// `shape` has at most kMaxRank dimensions, strides as many.
template <size_t kTensors>
Walk<static_cast<int>(kTensors)> walk_of(std::span<const int64_t> shape,
                                         const std::array<std::span<const int64_t>, kTensors>& strides) {
  Walk<static_cast<int>(kTensors)> walk{};
  walk.count = 1;
  for (const int64_t size : shape) walk.count *= size;
  walk.rank = static_cast<int32_t>(shape.size());
  std::ranges::copy(shape, walk.shape);
  for (size_t i = 0; i < kTensors; ++i) std::ranges::copy(strides[i], walk.strides[i]);
  return walk;
}

/// For functions that share `count` numbers among any number of threads. `count` is above 0.
inline LaunchShape shape_for_numbers(int64_t count) {
  constexpr int64_t kThreads = 256;
  constexpr int64_t kMostBlocks = 4096;
  const int64_t blocks = std::min((count - 1) / kThreads + 1, kMostBlocks);
  return {.grid = {static_cast<uint32_t>(blocks)}, .block = {kThreads}};
}

}  // namespace hearth::gpu
