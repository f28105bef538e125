#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "kernels/convolution.h"

namespace hearth {

/// The strides of [batch, channels, depth, height, width] or of a weight's five dimensions, in elements.
using ImageStrides = std::array<int64_t, 5>;

/// A convolution's sizes, always with three spatial dimensions: the ones a tensor lacks come first and have size 1.
struct ConvolutionShape {
  int spatial_rank = 2;  ///< Of the tensors: 1 to 3.
  int64_t batch = 0;
  int64_t in_channels = 0;
  int64_t out_channels = 0;
  int64_t groups = 1;
  bool transposed = false;
  bool channels_last_result = false;  ///< Asked for; otherwise the operands' strides decide.
  std::array<int64_t, 3> input{1, 1, 1};
  std::array<int64_t, 3> kernel{1, 1, 1};
  std::array<int64_t, 3> output{1, 1, 1};
  std::array<int64_t, 3> stride{1, 1, 1};
  std::array<int64_t, 3> padding{0, 0, 0};  ///< Before the input.
  std::array<int64_t, 3> padding_behind{0, 0, 0};
  std::array<int64_t, 3> dilation{1, 1, 1};

  int64_t group_in_channels() const { return in_channels / groups; }
  int64_t group_out_channels() const { return out_channels / groups; }
  /// One input and one output channel a group.
  bool is_depthwise() const { return !transposed && groups > 1 && in_channels == groups && out_channels == groups; }
  /// Each output pixel meets exactly the input pixel of the same number.
  bool is_pointwise() const { return taps() == 1 && stride == std::array<int64_t, 3>{1, 1, 1} && output == input; }
  int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
  /// Twice the multiplications.
  double operations() const {
    const int64_t sums = transposed ? input_pixels() * in_channels : output_pixels() * out_channels;
    return 2.0 * static_cast<double>(batch * sums * taps() * (transposed ? group_out_channels() : group_in_channels()));
  }
  int64_t output_pixels() const { return output[0] * output[1] * output[2]; }
  int64_t input_pixels() const { return input[0] * input[1] * input[2]; }
  /// The input position that `tap` of the kernel meets for an output position of spatial dimension `dimension`; -1 when
  /// it lies in the padding or, transposed, between input positions.
  int64_t input_position(int dimension, int64_t output_position, int64_t tap) const;
  /// [batch, out channels, output...].
  std::vector<int64_t> result_sizes() const;
};

/// Checks the operands and derives the sizes. kInvalidArgument names the operand or parameter that does not fit.
Result<ConvolutionShape> convolution_shape(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                           const Tensor& residual, const ConvolutionParameters& parameters);

/// The same for x and weight of any dtypes, without what follows the sums.
Result<ConvolutionShape> convolution_shape(const Tensor& x, const Tensor& weight,
                                           const ConvolutionParameters& parameters);

/// The strides of an [N, C, spatial...] tensor with missing spatial dimensions put in.
ImageStrides image_strides(const Tensor& tensor);

/// A fresh tensor of `dtype` for the result with the strides that PyTorch's CPU convolution gives it, which Inductor
/// predicts: c10::is_channels_last_strides of x and weight, and at::native's choice between its backends (found by
/// trial against torch 2.13).
Result<Tensor> empty_convolution_result(MemoryPool& pool, DType dtype, const Tensor& x, const Tensor& weight,
                                        const ConvolutionShape& shape);

}  // namespace hearth
