#pragma once

#include "kernels/context.h"
#include "kernels/linear.h"
#include "kernels/matmul_operands.h"

namespace hearth {

/// y = activation(x · weightᵀ + bias + residual) for bfloat16 operands that were checked; y: row-major. Only where
/// micro_kernels().bfloat16 is set. Sums are made in float32 and rounded once. kOutOfMemory.
Status linear_bfloat16(const KernelContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                       const Tensor& residual, Activation activation, const Tensor& y);

/// True when matmul_bfloat16 computes this: a plain sum of product and self, into a result of adjacent columns.
bool suits_matmul_bfloat16(const MatmulOperands<BFloat16>& operands, double beta, double alpha);

/// out = a · b (+ self) for bfloat16 operands; `b` is the tensor that operands.b shows.
Status matmul_bfloat16(const KernelContext& context, const MatmulOperands<BFloat16>& operands, const Tensor& b);

}  // namespace hearth
