#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "kernels/cpu/block_kernels.h"

namespace hearth {

/// The weights of a group that a vector of panel rows holds, as unsigned bytes in four-byte lanes: quad q of the depths
/// in numbers[q].
template <class Isa>
using BlockNumbers = std::array<typename Isa::Unsigned, kGroupDepth / 4>;

template <class Isa>
typename Isa::Unsigned load_quads(const std::byte* from) {
  typename Isa::Unsigned quads;
  std::memcpy(&quads, from, sizeof(quads));
  return quads;
}

template <class Isa, BlockFormat kFormat>
BlockNumbers<Isa> load_numbers(const std::byte* group) {
  constexpr int64_t kQuadBytes = kBlockRows * 4;
  constexpr uint32_t kLowNibbles = 0x0F0F0F0F;
  constexpr size_t kQuads = kGroupDepth / 4;
  BlockNumbers<Isa> numbers;
  if constexpr (kFormat == BlockFormat::kBytes) {
#pragma GCC unroll 8
    for (size_t q = 0; q < kQuads; ++q) {
      numbers[q] = load_quads<Isa>(group + static_cast<int64_t>(q) * kQuadBytes);
    }
  } else {
#pragma GCC unroll 4
    for (size_t q = 0; q < kQuads / 2; ++q) {
      const auto both = load_quads<Isa>(group + static_cast<int64_t>(q) * kQuadBytes);
      numbers[q] = both & kLowNibbles;
      numbers[q + kQuads / 2] = both >> 4 & kLowNibbles;
    }
  }
  return numbers;
}

/// Half-precision numbers beside the weights of a group: scales or minimums.
template <class Isa>
typename Isa::Vector load_halves(const std::byte* from) {
  typename Isa::Halves halves;
  std::memcpy(&halves, from, sizeof(halves));
  return Isa::widen(halves);
}

template <BlockFormat kFormat>
constexpr bool kAreNibbles = kFormat != BlockFormat::kBytes;

/// sum + numbers · four bytes of x, lane by lane.
template <class Isa, class Bytes, BlockFormat kFormat>
typename Isa::Vector multiply_quad(typename Isa::Unsigned numbers, const int8_t* x, typename Isa::Vector sum) {
  const auto unsigned_bytes = reinterpret_cast<typename Isa::Vector>(numbers);
  if constexpr (requires { &Bytes::fma_quad; }) {
    return Bytes::fma_quad(unsigned_bytes, x, sum);
  } else {
    float quad;
    std::memcpy(&quad, x, sizeof(quad));
    if constexpr (kAreNibbles<kFormat> && requires { &Bytes::fma_nibbles; }) {
      return Bytes::fma_nibbles(unsigned_bytes, Isa::broadcast(quad), sum);
    } else {
      return Bytes::fma(unsigned_bytes, Isa::broadcast(quad), sum);
    }
  }
}

/// What the integers of a group sum up to: Σ (number - zero) · x.
template <class Isa, class Bytes, BlockFormat kFormat, int64_t kPlanes>
typename Isa::Vector group_sum(const BlockNumbers<Isa>& numbers, const BlockGroup<kPlanes>& x) {
  constexpr int32_t kZero = kFormat == BlockFormat::kBytes ? 128 : kFormat == BlockFormat::kNibbles ? 8 : 0;
  using Vector = typename Isa::Vector;
  Vector planes[kPlanes];
#pragma GCC unroll 3
  for (int64_t p = 0; p < kPlanes; ++p) planes[p] = Isa::broadcast(std::bit_cast<float>(-kZero * x.sums[p]));
#pragma GCC unroll 8
  for (size_t q = 0; q < numbers.size(); ++q) {
#pragma GCC unroll 3
    for (int64_t p = 0; p < kPlanes; ++p) {
      planes[p] = multiply_quad<Isa, Bytes, kFormat>(numbers[q], x.planes[p] + 4 * q, planes[p]);
    }
  }
  const auto integer = [&](int64_t p) { return reinterpret_cast<typename Isa::Integer>(planes[p]); };
  const Vector low = __builtin_convertvector((integer(kPlanes - 2) << 8) + integer(kPlanes - 1), Vector);
  if constexpr (kPlanes == 2) return low;
  // All three together may be too large for an integer.
  return Isa::fma(__builtin_convertvector(integer(0), Vector), Isa::broadcast(65536), low);
}

/// The sum of integers from those of their bytes.
template <int64_t kPlanes>
float joined_planes(const int32_t (&sums)[kPlanes]) {
  auto sum = static_cast<float>(sums[0]);
  for (int64_t p = 1; p < kPlanes; ++p) sum = sum * 256 + static_cast<float>(sums[p]);
  return sum;
}

template <class Isa, class Bytes, BlockFormat kFormat, BlockPrecision kPrecision, int kRows>
void block_tile(const BlockTile& tile) {
  constexpr int64_t kVectors = kBlockRows / Isa::kLanes;
  constexpr int64_t kPlanes = block_planes(kPrecision);
  constexpr int64_t kHalves = kBlockGroups * kBlockRows * 2;
  constexpr int64_t kHeader = kFormat == BlockFormat::kNibblesFromMinimum ? 2 * kHalves : kHalves;
  constexpr int64_t kBlockSize = block_bytes(kFormat);
  constexpr int64_t kGroupSize = (kBlockSize - kHeader) / kBlockGroups;
  constexpr int64_t kVectorBytes = int64_t{Isa::kLanes} * 4;
  // On Zen 4, with one stream a thread, neither nearer nor farther was faster.
  constexpr int64_t kPrefetchDistance = 1152;
  constexpr int64_t kCacheLine = 64;
  typename Isa::Vector sums[kRows][kVectors] = {};
  const auto* x = reinterpret_cast<const BlockGroup<kPlanes>*>(tile.x);
  const std::byte* block = tile.panel;
  for (int64_t b = 0; b < tile.blocks; ++b, block += kBlockSize) {
#pragma GCC unroll 18
    for (int64_t line = 0; line < kBlockSize; line += kCacheLine) {
      __builtin_prefetch(block + kPrefetchDistance + line, 0, 2);
    }
    for (int64_t g = 0; g < kBlockGroups; ++g, x += kRows) {
#pragma GCC unroll 4
      for (int64_t v = 0; v < kVectors; ++v) {
        const int64_t halves = g * kBlockRows * 2 + v * Isa::kLanes * 2;
        const auto numbers = load_numbers<Isa, kFormat>(block + kHeader + g * kGroupSize + v * kVectorBytes);
        const auto scales = load_halves<Isa>(block + halves);
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) {
          const auto sum = group_sum<Isa, Bytes, kFormat, kPlanes>(numbers, x[r]);
          sums[r][v] = Isa::fma(sum, scales * Isa::broadcast(x[r].scale), sums[r][v]);
          if constexpr (kFormat == BlockFormat::kNibblesFromMinimum) {
            const auto total = Isa::broadcast(x[r].scale * joined_planes(x[r].sums));
            sums[r][v] = Isa::fma(load_halves<Isa>(block + kHalves + halves), total, sums[r][v]);
          }
        }
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int64_t v = 0; v < kVectors; ++v) {
      Isa::store(tile.result + r * tile.result_row + v * Isa::kLanes, sums[r][v]);
    }
  }
}

template <class Isa, BlockPrecision kPrecision>
void quantize_block_row(const float* x, int64_t depth, int64_t groups, std::byte* first, int64_t step) {
  constexpr int64_t kPlanes = block_planes(kPrecision);
  // All bytes at their largest, less what the product with `inverse` may round up.
  constexpr float kLargest = kPlanes == 2 ? 0x7F7F : 0x7F7F70;
  constexpr float kNothing = 1e-30F;
  for (int64_t g = 0; g < groups; ++g) {
    float values[kGroupDepth] = {};
    const int64_t count = std::clamp<int64_t>(depth - g * kGroupDepth, 0, kGroupDepth);
    if (count > 0) std::memcpy(values, x + g * kGroupDepth, static_cast<size_t>(count) * sizeof(float));
    float largest = 0;
    float not_finite = 0;
    for (const float value : values) {
      const float magnitude = value < 0 ? -value : value;
      largest = largest < magnitude ? magnitude : largest;
      not_finite += value * 0;
    }
    const bool counts = largest > kNothing && not_finite == 0;
    const float inverse = counts ? kLargest / largest : 0;
    BlockGroup<kPlanes> group{};
    for (int64_t i = 0; i < kGroupDepth; ++i) {
      const float scaled = counts ? values[i] * inverse : 0;
      auto number = static_cast<int32_t>(scaled + (scaled < 0 ? -0.5F : 0.5F));
      for (int64_t p = kPlanes - 1; p > 0; --p) {
        const int32_t upper = (number + 128) >> 8;
        const int32_t byte = number - upper * 256;
        group.planes[p][i] = static_cast<int8_t>(byte);
        group.sums[p] += byte;
        number = upper;
      }
      group.planes[0][i] = static_cast<int8_t>(number);
      group.sums[0] += number;
    }
    group.scale = counts ? largest / kLargest : not_finite;
    std::memcpy(first + g * step, &group, sizeof(group));
  }
}

template <class Isa, class Bytes, BlockFormat kFormat, BlockPrecision kPrecision, size_t... kRows>
constexpr auto block_tiles(std::index_sequence<kRows...>) {
  return std::array<BlockKernels::Tile, sizeof...(kRows)>{
      block_tile<Isa, Bytes, kFormat, kPrecision, static_cast<int>(kRows) + 1>...};
}

template <class Isa, class Bytes, BlockFormat kFormat, BlockPrecision kPrecision>
constexpr auto kBlockTiles =
    block_tiles<Isa, Bytes, kFormat, kPrecision>(std::make_index_sequence<Bytes::kBlockTileRows>{});

/// Isa: as for other kernels. Bytes: its fma() multiplies unsigned bytes by signed ones and adds the four products
/// within each lane; fma_nibbles(), if there is one, needs the unsigned ones to be less than 16; fma_quad() takes four
/// signed ones for all lanes.
template <class Isa, class Bytes>
constexpr BlockKernels block_kernel_table() {
  using enum BlockFormat;
  using enum BlockPrecision;
  return {Bytes::kName,
          Bytes::kBlockTileRows,
          {{kBlockTiles<Isa, Bytes, kNibbles, kTwoBytes>.data(),
            kBlockTiles<Isa, Bytes, kNibblesFromMinimum, kTwoBytes>.data(),
            kBlockTiles<Isa, Bytes, kBytes, kTwoBytes>.data()},
           {kBlockTiles<Isa, Bytes, kNibbles, kThreeBytes>.data(),
            kBlockTiles<Isa, Bytes, kNibblesFromMinimum, kThreeBytes>.data(),
            kBlockTiles<Isa, Bytes, kBytes, kThreeBytes>.data()}},
          {quantize_block_row<Isa, kTwoBytes>, quantize_block_row<Isa, kThreeBytes>}};
}

}  // namespace hearth
