#pragma once

#include "kernels/activation.h"
#include "kernels/context.h"

namespace hearth::gpu {

/// The operators of kernels/linear.h for operands that lie on the GPU, all float32, bfloat16 or float16: kUnavailable
/// for others, before anything has changed. float32 is multiplied as such, never rounded to fewer bits. The same
/// operands give the same bits on the same kind of GPU.
Status matmul(const KernelContext& context, const Tensor& out, const Tensor& self, const Tensor& a, const Tensor& b,
              double beta, double alpha);
Status batched_matmul(const KernelContext& context, const Tensor& out, const Tensor& self, const Tensor& a,
                      const Tensor& b, double beta, double alpha);
Result<Tensor> sum_of_matmuls(const KernelContext& context, const Tensor& self, const Tensor& a, const Tensor& b,
                              double beta, double alpha);
Result<Tensor> linear(const KernelContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                      const Tensor& residual, Activation activation);

}  // namespace hearth::gpu
