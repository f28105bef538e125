// Convolutions as products of matrices that are never made: tiles of [output pixels, output channels], whose depth is
// kernel positions by channels. docs/gpu-convolutions.md explains it.
#pragma once

#include "convolution_loader.cuh"
#include "convolution_result.cuh"
#include "convolution_sums.cuh"

namespace hearth::gpu {

extern __shared__ __align__(128) char shared_memory[];

/// The tile's sums, as they are: one of the splits of the depth.
template <int kTile, typename Sum>
__device__ void store_partial(const Sum* sums, Sum* partial, const ConvolutionProduct& product, int first_row,
                              int first_column) {
  constexpr ConvolutionTile kSize = kConvolutionTiles[kTile];
  constexpr int kStride = kSumsStride<kTile>;
#pragma unroll 1
  for (int i = threadIdx.x; i < kSize.rows * kSize.columns; i += kSize.threads) {
    const int row = i / kSize.columns;
    const int column = i % kSize.columns;
    if (first_row + row >= product.result.rows || first_column + column >= product.columns) continue;
    partial[static_cast<int64_t>(first_row + row) * product.columns + first_column + column] =
        sums[row * kStride + column];
  }
}

template <int kTile, typename Sum, typename Writer>
__device__ void store_results(const Sum* sums, const PixelOffsets* offsets, const Writer& writer,
                              const ConvolutionProduct& product, int first_row, int first_column, int first_channel) {
  constexpr ConvolutionTile kSize = kConvolutionTiles[kTile];
  constexpr int kStride = kSumsStride<kTile>;
  const int rows = min(kSize.rows, product.result.rows - first_row);
  const int columns = min(kSize.columns, product.columns - first_column);
  if (product.result.in_fours) {
    constexpr int kFours = kSize.columns / 4;
#pragma unroll 1
    for (int i = threadIdx.x; i < kSize.rows * kFours; i += kSize.threads) {
      const int row = i / kFours;
      const int column = i % kFours * 4;
      if (row >= rows || column >= columns) continue;
      const Four<Sum> four = *reinterpret_cast<const Four<Sum>*>(sums + row * kStride + column);
      writer.store_four(offsets[row], first_channel + column, four.values);
    }
    return;
  }
#pragma unroll 1
  for (int i = threadIdx.x; i < kSize.rows * kSize.columns; i += kSize.threads) {
    const int row = i % kSize.rows;
    const int column = i / kSize.rows;
    if (row >= rows || column >= columns) continue;
    writer.store(offsets[row], first_channel + column, sums[row * kStride + column]);
  }
}

/// Number: of x and weight, uint8_t for weights of int8_t, too. Writer: what finishes and stores sums.
template <typename Number, int kTile, typename Writer>
__device__ void convolve(typename TileSums<Number, kTile>::Sum* partial, const Number* x, const Number* weight,
                         const Writer& writer, const ConvolutionProduct& product) {
  constexpr ConvolutionTile kSize = kConvolutionTiles[kTile];
  constexpr int kStride = kSumsStride<kTile>;
  constexpr int kWindowBytes = kSize.rows * kSliceBytes;
  constexpr int kStageBytes = kWindowBytes + kSize.columns * kSliceBytes;
  constexpr int kDepth = kSliceBytes / static_cast<int>(sizeof(Number));
  const int first_row = blockIdx.x * kSize.rows;
  const int first_column = blockIdx.y * kSize.columns;
  const int group = blockIdx.z / product.splits;
  const int first_slice = blockIdx.z % product.splits * product.slices;
  const int slices = min(product.slices, (product.depth + kDepth - 1) / kDepth - first_slice);

  WindowLoader<Number, kSize.rows, kSize.threads> windows(x + static_cast<int64_t>(group) * product.channels, product,
                                                          first_row, first_slice);
  FilterLoader<Number, kSize.columns, kSize.threads> filters(
      weight + static_cast<int64_t>(group) * product.columns * product.depth, product, first_column, first_slice);
  const auto load = [&](int slice) {
    if (slice < slices) {
      char* stage = shared_memory + slice % kSize.stages * kStageBytes;
      windows.load(stage);
      filters.load(stage + kWindowBytes);
    }
    commit_copies();  // Also an empty group: the wait below counts them.
  };

  TileSums<Number, kTile> tile(product.x_zero);
#pragma unroll 1
  for (int slice = 0; slice < kSize.stages - 1; ++slice) load(slice);
  for (int slice = 0; slice < slices; ++slice) {
    wait_for_copies<kSize.stages - 2>();
    __syncthreads();
    load(slice + kSize.stages - 1);
    const char* stage = shared_memory + slice % kSize.stages * kStageBytes;
    tile.add(stage, stage + kWindowBytes);
  }
  wait_for_copies<0>();
  __syncthreads();

  auto* sums = reinterpret_cast<typename TileSums<Number, kTile>::Sum*>(shared_memory);
  auto* offsets = reinterpret_cast<PixelOffsets*>(sums + kSize.rows * kStride);
  tile.store(sums);
  if (threadIdx.x < kSize.rows) offsets[threadIdx.x] = writer.offsets(first_row + static_cast<int>(threadIdx.x));
  __syncthreads();
  if (product.splits > 1) {
    const int64_t matrix = static_cast<int64_t>(blockIdx.z % product.splits) * (gridDim.z / product.splits) + group;
    store_partial<kTile>(sums, partial + matrix * product.result.rows * product.columns, product, first_row,
                         first_column);
    return;
  }
  store_results<kTile>(sums, offsets, writer, product, first_row, first_column, group * product.columns + first_column);
}

/// Adds up what the splits of the depth left, each thread for one result, and finishes it.
template <typename Sum, typename Writer>
__device__ void finish_splits(const Sum* partial, const Writer& writer, const ConvolutionProduct& product) {
  const int64_t count = static_cast<int64_t>(product.result.rows) * product.result.channels;
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  Sum sum = 0;
#pragma unroll 4
  for (int split = 0; split < product.splits; ++split) sum += partial[split * count + i];
  const int64_t matrix = i / product.columns;
  const int column = static_cast<int>(i - matrix * product.columns);
  const int group = static_cast<int>(matrix / product.result.rows);
  const int row = static_cast<int>(matrix - static_cast<int64_t>(group) * product.result.rows);
  writer.store(writer.offsets(row), group * product.columns + column, sum);
}

}  // namespace hearth::gpu
