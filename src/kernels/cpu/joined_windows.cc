#include "kernels/cpu/joined_windows.h"

#include <algorithm>
#include <cstring>

#include "base/errors.h"
#include "kernels/cpu/parallel_copy.h"

namespace hearth {
namespace {

/// True when the rows of taps of a window are runs of their own: the pixels of a row follow each other.
bool joins_taps(const ConvolutionShape& shape) { return shape.groups == 1 && shape.dilation[2] == 1; }

int64_t run_length(const ConvolutionShape& shape) {
  return shape.group_in_channels() * (joins_taps(shape) ? shape.kernel[2] : 1);
}

void fill(const Images& images, uint8_t padding, int64_t line, int64_t first_pixel, int64_t end_pixel) {
  float* pixels = images.data + line * images.strides[3];
  std::memset(pixels + first_pixel * images.strides[4], padding,
              static_cast<size_t>((end_pixel - first_pixel) * images.strides[4]) * sizeof(float));
}

/// Fills what lies around the copied images.
void fill_padding(ThreadTeam& team, const ConvolutionShape& shape, uint8_t padding, const Images& padded) {
  const int64_t height = padded.sizes[3];
  const int64_t width = padded.sizes[4];
  team.parallel_for(padded.sizes[0] * height, 16, [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) {
      const int64_t of_input = line % height - shape.padding[1];
      if (of_input < 0 || of_input >= shape.input[1]) {
        fill(padded, padding, line, 0, width);
      } else {
        fill(padded, padding, line, 0, shape.padding[2]);
        fill(padded, padding, line, shape.padding[2] + shape.input[2], width);
      }
    }
  });
}

Result<Images> padded_copy(const KernelContext& context, const ConvolutionShape& shape, const Images& from,
                           uint8_t padding) {
  Images padded;
  padded.sizes = from.sizes;
  padded.sizes[3] += shape.padding[1] + shape.padding_behind[1];
  padded.sizes[4] += shape.padding[2] + shape.padding_behind[2];
  HEARTH_ASSIGN_OR_RETURN(padded, empty_channels_last(context, padded));
  fill_padding(*context.team, shape, padding, padded);
  Images inside = padded;
  inside.sizes = from.sizes;
  inside.data += shape.padding[1] * padded.strides[3] + shape.padding[2] * padded.strides[4];
  copy_images(*context.team, from, inside);
  return padded;
}

}  // namespace

bool JoinedWindows::suits(const ConvolutionShape& shape, int64_t depth_step) {
  const std::array<int64_t, 3> ones{1, 1, 1};
  return !shape.transposed && shape.stride == ones && shape.input[0] == 1 && shape.kernel[0] == 1 &&
         shape.padding[0] == 0 && shape.padding_behind[0] == 0 && shape.taps() > 1 && shape.taps() <= kMostRuns &&
         run_length(shape) > 0 && run_length(shape) % depth_step == 0;
}

Result<JoinedWindows> JoinedWindows::create(const KernelContext& context, const ConvolutionShape& shape,
                                            const Images& x, uint8_t padding) {
  HEARTH_ASSIGN_OR_RETURN(Images padded, padded_copy(context, shape, x, padding));
  return JoinedWindows(shape, std::move(padded));
}

JoinedWindows::JoinedWindows(const ConvolutionShape& shape, Images images)
    : shape_(shape), images_(std::move(images)), run_length_(hearth::run_length(shape)) {
  for (int64_t i = 0; i < shape.kernel[1]; ++i) {
    const int64_t line = i * shape.dilation[1] * images_.strides[3];
    for (int64_t l = 0; l < (joins_taps(shape) ? 1 : shape.kernel[2]); ++l) {
      offsets_.push_back(line + l * shape.dilation[2] * images_.strides[4]);
    }
  }
}

int64_t JoinedWindows::line_length() const { return (shape_.output[1] - 1) * line_step() + shape_.output[2]; }

int JoinedWindows::runs(int64_t instance, int64_t row, int64_t, int64_t, const float* b, int64_t b_stride,
                        DepthRun* runs) const {
  const float* window = images_.data + row / line_length() * images_.strides[0] +
                        row % line_length() * images_.strides[4] + instance * shape_.group_in_channels();
  int count = 0;
  for (const int64_t offset : offsets_) {
    runs[count] = {window + offset, b + count * run_length_ * b_stride, run_length_};
    ++count;
  }
  return count;
}

}  // namespace hearth
