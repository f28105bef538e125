#pragma once

#include <vector>

#include "kernels/convolution_shape.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/images.h"

namespace hearth {

/// A convolution's input as the left operand of a product, read where it lies: the windows of output pixels that follow
/// each other in a line are evenly spaced, and every row of taps is a run of depth. Where padding means zeros, taps
/// above, below, before or behind the input are left out, and only its left and right are padded.
class ImageWindows final : public WindowSource {
 public:
  /// True for convolutions whose lines and runs are long enough to gain by it, with `depth_step` as the product's depth
  /// demands it.
  static bool suits(const ConvolutionShape& shape, int64_t depth_step);
  /// `x` is used in place when it is channels-last and needs no padding, else a padded copy of it is made. `padding`:
  /// every byte of what lies around x.
  static Result<ImageWindows> create(const KernelContext& context, const ConvolutionShape& shape, const Images& x,
                                     uint8_t padding = 0);

  int64_t line_length() const override { return shape_.output[2]; }
  int64_t row_stride() const override { return shape_.stride[2] * images_.strides[4]; }
  /// Instance means group.
  int runs(int64_t instance, int64_t row, int64_t depth_begin, int64_t depth, const float* b, int64_t b_stride,
           DepthRun* runs) const override;

 private:
  /// A row of adjacent taps, or a single tap, that the windows of a line of output pixels meet in the input.
  struct Taps {
    int64_t offset;  ///< Elements from the image's first to the first window's.
    int64_t depth_begin;
    int64_t depth_end;
  };

  ImageWindows(const ConvolutionShape& shape, Images images);

  ConvolutionShape shape_;
  Images images_;
  std::vector<Taps> taps_;          ///< Of all lines of an image, one line after the other.
  std::vector<size_t> first_taps_;  ///< Of each line, and the end of the last one's.
};

}  // namespace hearth
