#include "kernels/cpu/image_rows.h"

#include <algorithm>
#include <cstring>

namespace hearth {
namespace {

void copy_floats(float* to, const float* from, int64_t count) {
  if (count > 0) std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
}

}  // namespace

ImageRows::ImageRows(const ConvolutionShape& shape, const float* data, const ImageStrides& strides, uint8_t padding)
    : shape_(shape), data_(data), strides_(strides), padding_(padding) {
  joins_tap_rows_ = !shape.transposed && shape.dilation[2] == 1 && shape.groups == 1 && strides[4] == shape.in_channels;
  run_length_ = shape.group_in_channels() * (joins_tap_rows_ ? shape.kernel[2] : 1);
  const int64_t runs_of_row = joins_tap_rows_ ? 1 : shape.kernel[2];
  for (int64_t i = 0; i < shape.kernel[0]; ++i) {
    for (int64_t j = 0; j < shape.kernel[1]; ++j) {
      for (int64_t l = 0; l < runs_of_row; ++l) runs_.push_back({{i, j, l}});
    }
  }
  for (int d = 0; d < 3; ++d) {
    const auto i = static_cast<size_t>(d);
    for (int64_t output = 0; output < shape.output[i]; ++output) {
      for (int64_t tap = 0; tap < shape.kernel[i]; ++tap) {
        const int64_t position = shape.input_position(d, output, tap);
        offsets_[i].push_back(position < 0 ? -1 : position * strides[i + 2]);
      }
    }
  }
}

void ImageRows::fill(float* to, int64_t count) const {
  if (count > 0) std::memset(to, padding_, static_cast<size_t>(count) * sizeof(float));
}

void ImageRows::gather(int64_t instance, int64_t row, int64_t rows, int64_t depth_begin, int64_t depth, float* to,
                       int64_t to_stride) const {
  if (run_length_ == 0) return;
  for (int64_t r = 0; r < rows; ++r) gather_row(instance, row + r, depth_begin, depth, to + r * to_stride);
}

void ImageRows::gather_row(int64_t group, int64_t row, int64_t depth_begin, int64_t depth, float* to) const {
  const auto& size = shape_.output;
  const int64_t pixel = row % shape_.output_pixels();
  const std::array<int64_t, 3> output{pixel / (size[1] * size[2]), pixel / size[2] % size[1], pixel % size[2]};
  const float* image = data_ + row / shape_.output_pixels() * strides_[0] + group * shape_.group_in_channels();
  int64_t within = depth_begin % run_length_;
  auto run = static_cast<size_t>(depth_begin / run_length_);
  for (int64_t left = depth; left > 0; ++run) {
    if (run == runs_.size()) return fill(to, left);
    const int64_t count = std::min(run_length_ - within, left);
    if (joins_tap_rows_) {
      copy_tap_row(image, output, runs_[run], within, count, to);
    } else {
      copy_tap(image, output, runs_[run], within, count, to);
    }
    to += count;
    left -= count;
    within = 0;
  }
}

void ImageRows::copy_tap(const float* image, const std::array<int64_t, 3>& output, const Run& run, int64_t within,
                         int64_t count, float* to) const {
  int64_t offset = within;
  for (size_t i = 0; i < 3; ++i) {
    const int64_t step = input_offset(i, output[i], run.tap[i]);
    if (step < 0) return fill(to, count);
    offset += step;
  }
  copy_floats(to, image + offset, count);
}

void ImageRows::copy_tap_row(const float* image, const std::array<int64_t, 3>& output, const Run& run, int64_t within,
                             int64_t count, float* to) const {
  const int64_t plane = input_offset(0, output[0], run.tap[0]);
  const int64_t line = input_offset(1, output[1], run.tap[1]);
  if (plane < 0 || line < 0) return fill(to, count);
  // In elements of the input's line, which the run may overlap on either side.
  const int64_t start = (output[2] * shape_.stride[2] - shape_.padding[2]) * shape_.in_channels + within;
  const int64_t line_end = shape_.input[2] * shape_.in_channels;
  const int64_t first = std::clamp<int64_t>(-start, 0, count);
  const int64_t last = std::clamp<int64_t>(line_end - start, first, count);
  fill(to, first);
  copy_floats(to + first, image + plane + line + start + first, last - first);
  fill(to + last, count - last);
}

}  // namespace hearth
