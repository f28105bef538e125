#include "kernels/cpu/image_windows.h"

#include <algorithm>
#include <span>
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
  const int64_t runs_of_row = joins_taps ? 1 : shape.kernel[2];
  const int64_t depth = shape.group_in_channels() * shape.kernel[2] / runs_of_row;
  const int64_t step = shape.dilation[2] * images_.strides[4];
  const int64_t rows = shape.kernel[0] * shape.kernel[1];
  for (int64_t line = 0; line < shape.output[0] * shape.output[1]; ++line) {
    first_taps_.push_back(taps_.size());
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t plane = shape.input_position(0, line / shape.output[1], row / shape.kernel[1]);
      const int64_t input_line = shape.input_position(1, line % shape.output[1], row % shape.kernel[1]);
      if (plane < 0 || input_line < 0) continue;
      const int64_t offset = plane * images_.strides[2] + input_line * images_.strides[3];
      for (int64_t i = row * runs_of_row; i < (row + 1) * runs_of_row; ++i) {
        taps_.push_back({offset + i % runs_of_row * step, i * depth, (i + 1) * depth});
      }
    }
  }
  first_taps_.push_back(taps_.size());
}

int ImageWindows::runs(int64_t instance, int64_t row, int64_t depth_begin, int64_t depth, const float* b,
                       int64_t b_stride, DepthRun* runs) const {
  const int64_t line = row / shape_.output[2];
  const int64_t column = row % shape_.output[2];
  const auto lines = static_cast<int64_t>(first_taps_.size()) - 1;
  const float* window =
      images_.data + line / lines * images_.strides[0] + instance * shape_.group_in_channels() + column * row_stride();
  const size_t* first = &first_taps_[static_cast<size_t>(line % lines)];
  int count = 0;
  for (const Taps& taps : std::span(taps_).subspan(first[0], first[1] - first[0])) {
    const int64_t begin = std::max(taps.depth_begin, depth_begin);
    const int64_t end = std::min(taps.depth_end, depth_begin + depth);
    if (begin >= end) continue;
    runs[count++] = {window + taps.offset + (begin - taps.depth_begin), b + (begin - depth_begin) * b_stride,
                     end - begin};
  }
  return count;
}

}  // namespace hearth
