#pragma once

#include <cstdint>

namespace hearth::gpu {

/// A tile of the result that a block of convolution_kernels.cuh computes: pixels by channels.
struct ConvolutionTile {
  int rows;
  int columns;
  int threads;
  int stages;  ///< Slices of the depth that are in shared memory at once.
};

/// Bytes of a slice's row, and of the pieces that are copied and multiplied.
inline constexpr int kSliceBytes = 128;
inline constexpr int kPieceBytes = 16;

inline constexpr ConvolutionTile kConvolutionTiles[] = {
    {64, 64, 128, 4}, {128, 64, 256, 4}, {128, 128, 256, 3}, {128, 128, 128, 3}};
/// The largest one: float32 sums need more threads; with fewer, each warp of tensor cores reads less for what it
/// multiplies.
inline constexpr int kLargeFloat32Tile = 2;
inline constexpr int kLargeTensorCoreTile = 3;

/// Floats from one row of sums to the next in shared memory.
constexpr int sums_stride(const ConvolutionTile& tile) { return tile.columns + 4; }
/// Shared memory of a block: the slices, and after them, in the same place, the sums and where each row is stored.
constexpr int shared_bytes(const ConvolutionTile& tile) {
  const int slices = tile.stages * (tile.rows + tile.columns) * kSliceBytes;
  const int sums = tile.rows * (sums_stride(tile) * 4 + 16);
  return slices > sums ? slices : sums;
}

/// Which input positions meet an output position, for depth, height and width: tap t meets the input at
/// output position · step + offset + t · tap_step, if there is such a position.
struct ConvolutionWindow {
  int32_t output[3];
  int32_t input[3];
  int32_t kernel[3];
  int32_t step[3];
  int32_t offset[3];
  int32_t tap_step[3];
};

/// How sums become results: strides in elements of [batch, channels, depth, height, width].
struct ConvolutionResult {
  int32_t rows;  ///< Pixels of all images.
  int32_t channels;
  int32_t output[3];
  int32_t activation;
  int32_t bias_is_float32;  ///< Else of the result's dtype.
  int32_t in_fours;         ///< Four neighbouring channels lie together, aligned, in the result and in the residual.
  int64_t y_strides[5];
  int64_t residual_strides[5];
  int64_t bias_stride;
};

/// A product of windows of channels-last images, [rows, depth], and of filters, [groups, columns, depth], where depth
/// is kernel positions by channels.
struct ConvolutionProduct {
  ConvolutionWindow window;
  ConvolutionResult result;
  int64_t x_strides[4];    ///< Without the channels'.
  int64_t tap_strides[3];  ///< From one tap to the next in x.
  int32_t channels;        ///< Of a group, a multiple of those in a piece.
  int32_t columns;         ///< Of a group.
  int32_t depth;
  int32_t x_zero;  ///< Of bytes: what stands for 0, and what lies around the images.
  int32_t slices;  ///< Of the depth, for each split.
  int32_t splits;  ///< Above 1, sums are not finished but stored as [splits, groups, rows, columns].
};

/// What the exact sums of products of bytes mean: sum · scale of the channel + bias + residual, as float32 or as bytes.
struct ByteFinish {
  int64_t scales_stride;
  int32_t residual_is_bytes;  ///< (byte - residual_zero) · residual_scale; else float32.
  int32_t residual_zero;
  float residual_scale;
  int32_t y_is_bytes;  ///< value · y_factor + y_zero, rounded and saturated; else float32.
  float y_factor;
  float y_zero;
};

/// A convolution whose results are summed one by one.
struct DirectConvolution {
  ConvolutionWindow window;
  ConvolutionResult result;
  int64_t x_strides[5];
  int64_t weight_strides[5];  ///< Of a group's [outputs, inputs, kernel...].
  int64_t weight_group_stride;
  int32_t divisor[3];  ///< The window's position counts only where it is a multiple of this, and is divided by it.
  int32_t group_inputs;
  int32_t group_outputs;
  int32_t x_zero;  ///< Of bytes: what stands for 0.
};

/// Images of any strides that become dense channels-last ones with zeros after their channels.
struct ChannelsLastCopy {
  int64_t strides[5];  ///< Of the source: [batch, channels, depth, height, width].
  int32_t sizes[3];    ///< Depth, height, width.
  int32_t rows;        ///< Pixels of all images.
  int32_t channels;
  int32_t padded_channels;
  int32_t pixels_are_near;  ///< Neighbours in a row lie nearer together than neighbouring channels.
};

}  // namespace hearth::gpu
