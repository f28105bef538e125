#pragma once

#include "kernels/convolution.h"
#include "kernels/linear.h"

namespace hearth {

/// True for a dtype that the fast kernels do not compute. Products of float16 and bfloat16 are then computed in
/// float32, those of other real numbers in float64 by the reference, and rounded once at the end.
bool is_converted(const Tensor& tensor);

/// matmul or batched_matmul of operands of such a dtype: all of the same.
Status converted_matmul(const KernelContext& context, const Tensor& out, const Tensor& self, const Tensor& a,
                        const Tensor& b, double beta, double alpha);

/// convolution of operands of such a dtype: all of the same.
Result<Tensor> converted_convolution(const KernelContext& context, const Tensor& x, const Tensor& weight,
                                     const Tensor& bias, const Tensor& residual,
                                     const ConvolutionParameters& parameters);

}  // namespace hearth
