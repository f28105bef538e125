// Copies slices of a convolution's operands into shared memory, 128 bytes of depth for each row, as cp.async's.
#pragma once

#include "convolution_parameters.h"
#include "convolution_result.cuh"
#include "tensor_core.cuh"

namespace hearth::gpu {

inline constexpr int kPieces = kSliceBytes / kPieceBytes;

/// Where a piece of a row lies in a slice. The order of a row's pieces depends on the row, so that the same piece of
/// eight rows lies in different banks.
__device__ inline int piece_offset(int row, int piece) {
  return row * kSliceBytes + (piece ^ (row % kPieces)) * kPieceBytes;
}

/// A thread's share of a slice with `kRows` rows: one piece of every (kThreads / kPieces)-th row.
template <typename Number, int kRows, int kThreads>
struct SliceShare {
  static constexpr int kNumbers = kPieceBytes / static_cast<int>(sizeof(Number));
  static constexpr int kDepth = kSliceBytes / static_cast<int>(sizeof(Number));
  static constexpr int kRowStep = kThreads / kPieces;
  static constexpr int kCount = kRows / kRowStep;
  static_assert(kRowStep % kPieces == 0 && kRows % kRowStep == 0);

  static __device__ int row(int i) { return static_cast<int>(threadIdx.x) / kPieces + i * kRowStep; }
  static __device__ int piece() { return static_cast<int>(threadIdx.x) % kPieces; }
  /// Of the share's row i in the slice.
  static __device__ int offset(int i) { return piece_offset(row(0), piece()) + i * kRowStep * kSliceBytes; }
};

/// Windows of images: rows are output pixels.
template <typename Number, int kRows, int kThreads>
class WindowLoader {
  using Share = SliceShare<Number, kRows, kThreads>;

 public:
  /// `x`: the group's first channel; the rows from `first_row` on, the depth from slice `first_slice` on.
  __device__ WindowLoader(const Number* x, const ConvolutionProduct& product, int first_row, int first_slice)
      : x_(x), product_(product) {
    const ConvolutionWindow& window = product.window;
#pragma unroll
    for (int i = 0; i < Share::kCount; ++i) {
      const int row = first_row + Share::row(i);
      const Pixel pixel = pixel_of(row, window.output);
      int64_t offset = pixel.image * product.x_strides[0];
#pragma unroll
      for (int d = 0; d < 3; ++d) {
        origin_[i][d] = pixel.position[d] * window.step[d] + window.offset[d];
        offset += origin_[i][d] * product.x_strides[1 + d];
      }
      offset_[i] = offset;
      if (row >= product.result.rows) origin_[i][0] = kNowhere;
    }
    const int depth = first_slice * Share::kDepth + Share::piece() * Share::kNumbers;
    int tap = depth / product.channels;
    channel_ = depth - tap * product.channels;
    tap_[2] = tap % window.kernel[2];
    tap /= window.kernel[2];
    tap_[1] = tap % window.kernel[1];
    tap_[0] = tap / window.kernel[1];
  }

  /// Starts copying the next slice.
  __device__ void load(char* slice) {
    const ConvolutionWindow& window = product_.window;
    const bool in_kernel = tap_[0] < window.kernel[0];
    const int64_t from_origin = tap_[0] * product_.tap_strides[0] + tap_[1] * product_.tap_strides[1] +
                                tap_[2] * product_.tap_strides[2] + channel_;
    int step[3];
#pragma unroll
    for (int d = 0; d < 3; ++d) step[d] = tap_[d] * window.tap_step[d];
#pragma unroll
    for (int i = 0; i < Share::kCount; ++i) {
      bool inside = in_kernel;
#pragma unroll
      for (int d = 0; d < 3; ++d) {
        inside = inside && static_cast<uint32_t>(origin_[i][d] + step[d]) < static_cast<uint32_t>(window.input[d]);
      }
      copy_piece(slice + Share::offset(i), x_ + offset_[i] + from_origin, inside);
    }
    advance();
  }

 private:
  /// What lies outside of the image stands for 0.
  __device__ void copy_piece(char* to, const Number* from, bool inside) const {
    if (sizeof(Number) > 1) {
      copy_async(to, inside ? from : x_, inside ? kPieceBytes : 0);
    } else if (inside) {
      copy_async(to, from);
    } else {
      const uint32_t fill = product_.x_zero * 0x01010101U;
      *reinterpret_cast<uint4*>(to) = {fill, fill, fill, fill};
    }
  }

  /// So far before the input that no window reaches it.
  static constexpr int kNowhere = -(1 << 30);

  __device__ void advance() {
    channel_ += Share::kDepth;
    while (channel_ >= product_.channels && tap_[0] < product_.window.kernel[0]) {
      channel_ -= product_.channels;
      if (++tap_[2] < product_.window.kernel[2]) continue;
      tap_[2] = 0;
      if (++tap_[1] < product_.window.kernel[1]) continue;
      tap_[1] = 0;
      ++tap_[0];
    }
  }

  const Number* x_;
  const ConvolutionProduct& product_;
  int64_t offset_[Share::kCount];  // Of the window's first tap, which may lie outside of the image.
  int origin_[Share::kCount][3];
  int tap_[3];
  int channel_;
};

/// Filters: rows are output channels.
template <typename Number, int kRows, int kThreads>
class FilterLoader {
  using Share = SliceShare<Number, kRows, kThreads>;

 public:
  /// `weight`: the group's first filter.
  __device__ FilterLoader(const Number* weight, const ConvolutionProduct& product, int first_column, int first_slice)
      : weight_(weight),
        first_column_(first_column),
        columns_(product.columns),
        depth_(product.depth),
        at_(first_slice * Share::kDepth + Share::piece() * Share::kNumbers) {}

  __device__ void load(char* slice) {
#pragma unroll
    for (int i = 0; i < Share::kCount; ++i) {
      const int column = first_column_ + Share::row(i);
      const bool inside = column < columns_ && at_ < depth_;
      copy_async(slice + Share::offset(i), weight_ + (inside ? static_cast<int64_t>(column) * depth_ + at_ : 0),
                 inside ? kPieceBytes : 0);
    }
    at_ += Share::kDepth;
  }

 private:
  const Number* weight_;
  int first_column_;
  int columns_;
  int depth_;
  int at_;
};

}  // namespace hearth::gpu
