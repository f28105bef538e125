#pragma once

#include <cstdint>

/// What an emulated GPU is: compute capability 8.0, with few multiprocessors.
namespace hearth::emulated_cuda {

constexpr int kMajor = 8;
constexpr int kMinor = 0;
constexpr int kArchitecture = kMajor * 10 + kMinor;
constexpr int kMultiprocessors = 4;
constexpr int kMostThreads = 1024;  ///< Of a block.
constexpr int kMostRegisters = 255;
constexpr int kUsualSharedBytes = 48 << 10;  ///< Of a block, unless a function was allowed more.
constexpr int kMostSharedBytes = 163 << 10;

}  // namespace hearth::emulated_cuda
