#pragma once

#include "kernels/activation.h"
#include "kernels/block_weights.h"
#include "kernels/context.h"

namespace hearth {

/// y = activation(x · weightᵀ + bias + residual), with weights in blocks.
/// x: [..., K] of any strides, float32, bfloat16 or float16, like residual, of the shape of y, or undefined; bias: [N]
/// of x's dtype or float32, or undefined. y: fresh row-major tensor [..., N]. x is multiplied as integers, in groups of
/// 32 that have a scale each, so that a row's answer depends on that row alone: of 24 bits, as good as floats, in
/// layers of at most 256 depths or a million weights, and of 16 bits in others. A row with an infinity or NaN gives
/// NaN. kInvalidArgument names the operand that does not fit.
Result<Tensor> block_linear(const KernelContext& context, const Tensor& x, const BlockWeights& weight,
                            const Tensor& bias, const Tensor& residual, Activation activation);

/// Rows of a table in blocks: ids (int64 or int32, any shape) -> `dtype` (float32, bfloat16 or float16) [..., depth],
/// row-major. kInvalidArgument for an id that is no row.
Result<Tensor> block_embedding(const KernelContext& context, const Tensor& ids, const BlockWeights& weight,
                               int64_t depth, DType dtype);

namespace reference {
Result<Tensor> block_linear(const KernelContext& context, const Tensor& x, const BlockWeights& weight,
                            const Tensor& bias, const Tensor& residual, Activation activation);
}  // namespace reference

}  // namespace hearth
