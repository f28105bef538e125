#pragma once

#include <cstdint>
#include <span>

#include "kernels/activation.h"
#include "kernels/context.h"

namespace hearth {

/// Parameters of a convolution with D spatial dimensions (1 to 3); each span has D entries, or one that stands for all.
struct ConvolutionParameters {
  std::span<const int64_t> stride;
  std::span<const int64_t> padding;  ///< Or 2 · D entries: before the input in each dimension, then behind it.
  std::span<const int64_t> dilation;
  bool transposed = false;
  std::span<const int64_t> output_padding{};  ///< Transposed only.
  int64_t groups = 1;
  Activation activation = Activation::kNone;
  bool channels_last_result = false;  ///< Whatever the operands' strides are.
};

/// activation(convolution(x, weight) + bias + residual), PyTorch's aten::convolution with an epilogue.
/// x: [N, C, spatial...], weight: [O, C/groups, kernel...] (transposed: [C, O/groups, kernel...]), one real
/// dtype, any strides, float32, bfloat16 and float16 being the fast ones, whose sums are made in float32 and rounded
/// once; bias: [O], for these also float32, or undefined; residual: shape of the result, any strides, or undefined.
/// Result: fresh tensor, channels-last strides when x or weight is channels-last, else row-major: the strides that
/// Inductor predicts (at::convolution's rule for mkldnn). kInvalidArgument names the operand that does not fit.
Result<Tensor> convolution(const KernelContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                           const Tensor& residual, const ConvolutionParameters& parameters);

namespace reference {
Result<Tensor> convolution(const KernelContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                           const Tensor& residual, const ConvolutionParameters& parameters);
}  // namespace reference

}  // namespace hearth
