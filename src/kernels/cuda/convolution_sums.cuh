// The sums of a tile, in registers: products of slices that convolution_loader.cuh copied.
#pragma once

#include <type_traits>

#include "convolution_loader.cuh"

namespace hearth::gpu {

/// sums_stride() of a tile, for device code.
template <int kTile>
inline constexpr int kSumsStride = sums_stride(kConvolutionTiles[kTile]);

/// How many warps lie above one another in a tile.
constexpr int warps_down(const ConvolutionTile& tile) { return tile.columns == 128 ? 2 : tile.rows / 32; }

/// Of __nv_bfloat16 or __half, or of uint8_t with filters of int8_t, by tensor cores: each warp has a part of the tile.
template <typename Number, int kTile>
class TileSums {
  static constexpr ConvolutionTile kSize = kConvolutionTiles[kTile];
  static constexpr int kStride = kSumsStride<kTile>;
  static constexpr int kDown = warps_down(kSize);
  static constexpr int kAcross = kSize.threads / 32 / kDown;
  static constexpr int kRows = kSize.rows / kDown;
  static constexpr int kColumns = kSize.columns / kAcross;
  static constexpr bool kOfBytes = sizeof(Number) == 1;
  static_assert(kRows % 16 == 0 && kColumns % 16 == 0);

 public:
  using Sum = std::conditional_t<kOfBytes, int32_t, float>;

  /// `zero`: the byte that stands for 0 in the windows.
  __device__ explicit TileSums(int zero)
      : lane_(static_cast<int>(threadIdx.x) % 32),
        row_(static_cast<int>(threadIdx.x) / 32 / kAcross * kRows),
        column_(static_cast<int>(threadIdx.x) / 32 % kAcross * kColumns),
        zero_(zero) {}

  __device__ void add(const char* windows, const char* filters) {
#pragma unroll
    for (int piece = 0; piece < kPieces; piece += 2) {
      uint32_t a[kRows / 16][4];
#pragma unroll
      for (int i = 0; i < kRows / 16; ++i) {
        load_matrices(a[i], windows + piece_offset(row_ + i * 16 + lane_ % 16, piece + lane_ / 16));
      }
#pragma unroll
      for (int j = 0; j < kColumns / 16; ++j) {
        uint32_t b[4];
        const int column = column_ + j * 16 + lane_ / 16 * 8 + lane_ % 8;
        load_matrices(b, filters + piece_offset(column, piece + lane_ / 8 % 2));
        if (kOfBytes && zero_ != 0) {
          add_filters(filter_sums_[2 * j], b[0], b[1]);
          add_filters(filter_sums_[2 * j + 1], b[2], b[3]);
        }
#pragma unroll
        for (int i = 0; i < kRows / 16; ++i) {
          multiply_add<Number>(sums_[i][2 * j], a[i], b[0], b[1]);
          multiply_add<Number>(sums_[i][2 * j + 1], a[i], b[2], b[3]);
        }
      }
    }
  }

  /// Writes the sums to shared memory, rows sums_stride() apart.
  __device__ void store(Sum* to) const {
#pragma unroll
    for (int j = 0; j < kColumns / 8; ++j) {
      Sum left = 0;
      Sum right = 0;
      if (kOfBytes && zero_ != 0) {
        left = zero_ * of_column(filter_sums_[j], lane_ % 4 * 2);
        right = zero_ * of_column(filter_sums_[j], lane_ % 4 * 2 + 1);
      }
#pragma unroll
      for (int i = 0; i < kRows / 16; ++i) {
        Sum* at = to + (row_ + i * 16 + lane_ / 4) * kStride + column_ + j * 8 + lane_ % 4 * 2;
        *reinterpret_cast<Two*>(at) = {sums_[i][j][0] - left, sums_[i][j][1] - right};
        *reinterpret_cast<Two*>(at + 8 * kStride) = {sums_[i][j][2] - left, sums_[i][j][3] - right};
      }
    }
  }

 private:
  static constexpr int kOnes = 0x01010101;

  struct alignas(8) Two {
    Sum left;
    Sum right;
  };

  /// A lane's part of the sum of column lane / 4.
  static __device__ void add_filters(int& sum, uint32_t b0, uint32_t b1) {
    sum = __dp4a(static_cast<int>(b1), kOnes, __dp4a(static_cast<int>(b0), kOnes, sum));
  }
  static __device__ int of_column(int sum, int column) {
    sum += __shfl_xor_sync(~0U, sum, 1);
    sum += __shfl_xor_sync(~0U, sum, 2);
    return __shfl_sync(~0U, sum, column * 4);
  }

  int lane_;
  int row_;
  int column_;
  int zero_;
  Sum sums_[kRows / 16][kColumns / 8][4]{};
  int filter_sums_[kColumns / 8]{};  // Of bytes: Σ (x - zero) · w is Σ x · w - zero · Σ w.
};

/// Of float, by multiply-adds: each thread has every (threads / kAcross)-th row of every kAcross-th column.
template <int kTile>
class TileSums<float, kTile> {
  static constexpr ConvolutionTile kSize = kConvolutionTiles[kTile];
  static constexpr int kStride = kSumsStride<kTile>;
  static constexpr int kAcross = 16;
  static constexpr int kDown = kSize.threads / kAcross;
  static constexpr int kRows = kSize.rows / kDown;
  static constexpr int kColumns = kSize.columns / kAcross;

 public:
  using Sum = float;

  __device__ explicit TileSums(int /*zero*/)
      : row_(static_cast<int>(threadIdx.x) / kAcross), column_(static_cast<int>(threadIdx.x) % kAcross) {}

  __device__ void add(const char* windows, const char* filters) {
#pragma unroll 1
    for (int piece = 0; piece < kPieces; ++piece) {
      float4 a[kRows];
#pragma unroll
      for (int i = 0; i < kRows; ++i) a[i] = four(windows, row_ + i * kDown, piece);
#pragma unroll
      for (int j = 0; j < kColumns; ++j) {
        const float4 b = four(filters, column_ + j * kAcross, piece);
#pragma unroll
        for (int i = 0; i < kRows; ++i) {
          float sum = sums_[i][j];
          sum = fmaf(a[i].x, b.x, sum);
          sum = fmaf(a[i].y, b.y, sum);
          sum = fmaf(a[i].z, b.z, sum);
          sums_[i][j] = fmaf(a[i].w, b.w, sum);
        }
      }
    }
  }

  __device__ void store(float* to) const {
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
#pragma unroll
      for (int j = 0; j < kColumns; ++j) {
        to[(row_ + i * kDown) * kStride + column_ + j * kAcross] = sums_[i][j];
      }
    }
  }

 private:
  static __device__ float4 four(const char* slice, int row, int piece) {
    return *reinterpret_cast<const float4*>(slice + piece_offset(row, piece));
  }

  int row_;
  int column_;
  float sums_[kRows][kColumns]{};
};

}  // namespace hearth::gpu
