#pragma once

#include <optional>

#include "kernels/block_weights.h"
#include "kernels/context.h"

namespace hearth {

/// The matrices [N, K] of a mixture's experts.
struct ExpertWeights {
  Tensor data;  ///< [E, N, K] of any strides, or uint8 [E, panels, blocks of a panel, block_bytes].
  std::optional<BlockFormat> format;  ///< Of blocks; none: dense weights of x's dtype.
  int64_t columns = 0;                ///< N.
};

/// y[t, i] = x[t, i] · weights[experts[t, i]]ᵀ + bias[experts[t, i]]: a mixture of experts without what chooses them
/// and what comes between their layers. experts: int64 or int32 [T, I]; x: [T, I, K], or [T, K] for rows that all of a
/// token's experts take, of any strides, float32, bfloat16 or float16; bias: [E, N] of x's dtype or float32, or
/// undefined. y: fresh row-major tensor [T, I, N]. Rows are multiplied expert by expert, as by linear() and
/// block_linear(): of experts that no row goes to nothing is read. kInvalidArgument names the operand that does not
/// fit, and an expert that does not exist.
Result<Tensor> experts_linear(const KernelContext& context, const Tensor& x, const Tensor& experts,
                              const ExpertWeights& weights, const Tensor& bias);

/// What experts_linear() asks of its operands.
Status check_experts(const Tensor& x, const Tensor& experts, const ExpertWeights& weights, const Tensor& bias);

/// Expert `index`'s [N, K], dense, or its blocks.
Result<Tensor> weights_of_expert(const ExpertWeights& weights, int64_t index);

namespace reference {
Result<Tensor> experts_linear(const KernelContext& context, const Tensor& x, const Tensor& experts,
                              const ExpertWeights& weights, const Tensor& bias);
}  // namespace reference

}  // namespace hearth
