#pragma once

#include "kernels/activation.h"
#include "kernels/context.h"

namespace hearth {

/// y = activation(x · weightᵀ + bias + residual).
/// x: [..., K] of any strides, float32, bfloat16 or float16, like all operands (the reference: float32); weight: [N, K]
/// of any strides; bias: [N], also float32, or undefined; residual: shape of y or undefined. y: fresh row-major tensor
/// [..., N]. Sums are made in float32 and rounded once. kInvalidArgument names the operand whose shape or dtype does
/// not fit. A weight whose storage is constant is packed once per model.
Result<Tensor> linear(const KernelContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                      const Tensor& residual, Activation activation);

/// out = beta · self + alpha · (a · b), a: [M, K], b: [K, N], out: [M, N], all of one real dtype, float32 being the
/// fast one, with any strides (transposed and broadcast, stride 0, included). self broadcasts to out, and may be
/// undefined when beta is 0. out may be self, and must not overlap a or b.
Status matmul(const KernelContext& context, const Tensor& out, const Tensor& self, const Tensor& a, const Tensor& b,
              double beta, double alpha);

/// The same for each of the leading batch entries: a: [B, M, K], b: [B, K, N].
Status batched_matmul(const KernelContext& context, const Tensor& out, const Tensor& self, const Tensor& a,
                      const Tensor& b, double beta, double alpha);

/// torch.addbmm: beta · self + alpha · Σ_i a[i] · b[i]. a: [B, M, K], b: [B, K, N], B ≥ 1; self broadcasts to the
/// row-major result [M, N].
Result<Tensor> sum_of_matmuls(const KernelContext& context, const Tensor& self, const Tensor& a, const Tensor& b,
                              double beta, double alpha);

/// Rows of x in groups, each times a matrix of its own: group g ends before row ends[g] and takes weights[g]. x: [M,
/// K], weights: [G, K, N], ends: [G] of int32 or int64, ascending; rows after the last group give zeros. Returns
/// row-major [M, N].
Result<Tensor> grouped_matmul(const KernelContext& context, const Tensor& x, const Tensor& weights, const Tensor& ends);

namespace reference {
Result<Tensor> linear(const KernelContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                      const Tensor& residual, Activation activation);
Status matmul(const KernelContext& context, const Tensor& out, const Tensor& self, const Tensor& a, const Tensor& b,
              double beta, double alpha);
Status batched_matmul(const KernelContext& context, const Tensor& out, const Tensor& self, const Tensor& a,
                      const Tensor& b, double beta, double alpha);
}  // namespace reference

}  // namespace hearth
