#pragma once

#include "kernels/quantized.h"

namespace hearth {

/// The numbers that a uint8 `tensor` means, as float32 in pool memory, with the same strides where its elements have no
/// gaps, else row-major.
Result<Tensor> dequantized(const KernelContext& context, const Tensor& tensor, Affine affine);

/// An int8 weight [N, ...] times scales [N], float32 in dense memory; made once where both are constant.
Result<Tensor> dequantized_weight(const KernelContext& context, const Tensor& weight, const Tensor& scales);

/// Quantises `from`, dense float32, to `to`, uint8 with the same strides.
void quantize_dense(const KernelContext& context, const Tensor& from, Affine affine, const Tensor& to);

}  // namespace hearth
