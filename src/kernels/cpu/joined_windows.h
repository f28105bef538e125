#pragma once

#include <vector>

#include "kernels/convolution_shape.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/images.h"

namespace hearth {

/// A convolution's input as the left operand of a product, with the windows of a whole image evenly spaced: those of
/// each line are followed by the ones that would begin in the padding behind it, whose sums mean nothing. The input is
/// copied with its padding. For two spatial dimensions and strides of 1.
class JoinedWindows final : public WindowSource {
 public:
  /// True for convolutions that this class computes, with `depth_step` as a product's depth demands it.
  static bool suits(const ConvolutionShape& shape, int64_t depth_step);
  /// `x`: channels-last; `padding`: every byte of what lies around it.
  static Result<JoinedWindows> create(const KernelContext& context, const ConvolutionShape& shape, const Images& x,
                                      uint8_t padding);

  int64_t line_length() const override;  ///< Of all windows of an image.
  int64_t row_stride() const override { return images_.strides[4]; }
  /// Instance means group.
  int runs(int64_t instance, int64_t row, int64_t depth_begin, int64_t depth, const float* b, int64_t b_stride,
           DepthRun* runs) const override;
  /// Windows from the first of one line to the first of the next.
  int64_t line_step() const { return images_.sizes[4]; }

 private:
  JoinedWindows(const ConvolutionShape& shape, Images images);

  ConvolutionShape shape_;
  Images images_;  ///< With padding.
  int64_t run_length_ = 0;
  std::vector<int64_t> offsets_;  ///< Of each run from the window's first element.
};

}  // namespace hearth
