#include "kernels/cpu/image_windows.h"

#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "kernels/cpu/padded_images.h"

namespace hearth {
namespace {

/// Lines below this make tiles of too few rows.
constexpr int64_t kShortestLine = 4;

/// Elements from pixel to pixel of the padded copy: the channels, and a cache line more where rows of a tile would
/// alias.
int64_t padded_pixel_stride(const ConvolutionShape& shape) {
  constexpr int64_t kLineElements = 16;
  const bool aliases = shape.stride[2] * shape.in_channels % kAliasingStride == 0;
  return shape.in_channels + (aliases ? kLineElements : 0);
}

bool usable_in_place(const ConvolutionShape& shape, const Images& images) {
  return images.is_channels_last() && shape.padding[2] == 0 && shape.padding_behind[2] == 0 &&
         shape.stride[2] * images.strides[4] % kAliasingStride != 0;
}

}  // namespace

bool ImageWindows::suits(const ConvolutionShape& shape, int64_t depth_step) {
  const bool long_enough = shape.taps() > 1 && shape.taps() <= kMostRuns && shape.output[2] >= kShortestLine;
  return !shape.transposed && long_enough && shape.group_in_channels() % depth_step == 0;
}

Result<ImageWindows> ImageWindows::create(const KernelContext& context, const ConvolutionShape& shape, const Images& x,
                                          uint8_t padding) {
  const bool pads_lines = padding != 0 && with_padded_lines(shape).input != shape.input;
  if (!pads_lines && usable_in_place(shape, x)) return ImageWindows(shape, x);
  const ConvolutionShape padded = pads_lines ? with_padded_lines(shape) : shape;
  HEARTH_ASSIGN_OR_RETURN(Images copy, padded_images(context, shape, padded, x, padding, padded_pixel_stride(shape)));
  return ImageWindows(padded, std::move(copy));
}

ImageWindows::ImageWindows(const ConvolutionShape& shape, Images images) : shape_(shape), images_(std::move(images)) {
  const bool joins_taps = shape.groups == 1 && shape.dilation[2] == 1 && images_.strides[4] == shape.in_channels;
  const int64_t runs_of_line = joins_taps ? 1 : shape.kernel[2];
  run_length_ = shape.group_in_channels() * (joins_taps ? shape.kernel[2] : 1);
  for (int64_t i = 0; i < shape.kernel[0]; ++i) {
    for (int64_t j = 0; j < shape.kernel[1]; ++j) {
      for (int64_t l = 0; l < runs_of_line; ++l) taps_.push_back({i, j, l * shape.dilation[2] * images_.strides[4]});
    }
  }
}

int ImageWindows::runs(int64_t instance, int64_t row, int64_t depth_begin, int64_t depth, const float* b,
                       int64_t b_stride, DepthRun* runs) const {
  if (run_length_ == 0) return 0;
  const auto& output = shape_.output;
  const int64_t column = row % output[2];
  const int64_t line = row / output[2] % output[1];
  const int64_t plane = row / (output[2] * output[1]) % output[0];
  const float* window = images_.data + row / shape_.output_pixels() * images_.strides[0] +
                        instance * shape_.group_in_channels() + column * row_stride();
  int count = 0;
  int64_t within = depth_begin % run_length_;
  auto taps = taps_.begin() + depth_begin / run_length_;
  for (int64_t done = 0; done < depth; ++taps) {
    const int64_t length = std::min(run_length_ - within, depth - done);
    const int64_t input_plane = shape_.input_position(0, plane, taps->plane);
    const int64_t input_line = shape_.input_position(1, line, taps->line);
    if (input_plane >= 0 && input_line >= 0) {
      const float* a =
          window + input_plane * images_.strides[2] + input_line * images_.strides[3] + taps->offset + within;
      runs[count++] = {a, b + done * b_stride, length};
    }
    done += length;
    within = 0;
  }
  return count;
}

}  // namespace hearth
