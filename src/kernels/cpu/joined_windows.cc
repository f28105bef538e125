#include "kernels/cpu/joined_windows.h"

#include <utility>

#include "base/errors.h"
#include "kernels/cpu/padded_images.h"

namespace hearth {
namespace {

/// True when the rows of taps of a window are runs of their own: the pixels of a row follow each other.
bool joins_taps(const ConvolutionShape& shape) { return shape.groups == 1 && shape.dilation[2] == 1; }

int64_t run_length(const ConvolutionShape& shape) {
  return shape.group_in_channels() * (joins_taps(shape) ? shape.kernel[2] : 1);
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
  HEARTH_ASSIGN_OR_RETURN(Images padded,
                          padded_images(context, shape, with_padded_lines(shape), x, padding, shape.in_channels));
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
