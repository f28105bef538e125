#pragma once

#include <optional>

#include "kernels/activation.h"
#include "kernels/context.h"
#include "kernels/convolution.h"

namespace hearth {

/// What uint8 numbers mean: (byte - zero) · scale.
struct Affine {
  float scale = 1;
  int32_t zero = 0;
};

/// The number that the byte nearest to `value` stands for: rounded, ties to even, and saturated.
uint8_t quantize(float value, Affine affine);

/// A layer whose products are those of bytes, with exact sums. For output channel n:
/// y = activation(Σ (x - zero) · weight[n] · scales[n] + bias[n] + residual), in float32 after the sum.
struct QuantizedLayer {
  Tensor weight;                     ///< int8, of any strides.
  Tensor scales;                     ///< float32 [N]: the weight's, times x's where x is uint8.
  Tensor bias;                       ///< float32 [N] or undefined.
  Tensor residual;                   ///< float32 or uint8, of y's shape and any strides, or undefined.
  int32_t x_zero = 0;                ///< The byte that stands for 0 in a uint8 x, and what padding consists of.
  Affine residual_affine{};          ///< Of a uint8 residual.
  std::optional<Affine> y_affine{};  ///< y is uint8; without it, float32.
  Activation activation = Activation::kNone;
};

/// y = a linear layer of x [..., K] and weight [N, K] as a fresh row-major tensor [..., N]. x is uint8, or float32:
/// then each row is quantised on its own, symmetrically around 0, with its largest magnitude as 127; rows with an
/// infinity or NaN give no meaningful results. kInvalidArgument names the operand that does not fit. A weight whose
/// storage is constant is packed once per model.
Result<Tensor> quantized_linear(const KernelContext& context, const Tensor& x, const QuantizedLayer& layer);

/// y = a convolution of a uint8 x [N, C, spatial...] and weight [O, C/groups, kernel...], a fresh tensor with strides
/// as convolution() gives them. `parameters`' activation does not count. Errors as above.
Result<Tensor> quantized_convolution(const KernelContext& context, const Tensor& x, const QuantizedLayer& layer,
                                     const ConvolutionParameters& parameters);

namespace reference {
Result<Tensor> quantized_linear(const KernelContext& context, const Tensor& x, const QuantizedLayer& layer);
Result<Tensor> quantized_convolution(const KernelContext& context, const Tensor& x, const QuantizedLayer& layer,
                                     const ConvolutionParameters& parameters);
}  // namespace reference

}  // namespace hearth
