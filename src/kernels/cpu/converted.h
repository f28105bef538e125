#pragma once

#include "kernels/convolution.h"
#include "kernels/linear.h"

namespace hearth {

/// True for float32, bfloat16 and float16. Products of other real numbers are computed in float64 by the reference and
/// rounded once at the end.
bool is_fast_dtype(DType dtype);

/// A bfloat16 or float16 `tensor` as float32 in pool memory, with the same strides where its elements have no gaps,
/// else row-major; `tensor` itself when it is float32 or undefined.
Result<Tensor> to_float32(const KernelContext& context, const Tensor& tensor);

/// A bias as adjacent float32 numbers; undefined when it is.
Result<Tensor> dense_bias(const KernelContext& context, const Tensor& bias);

/// Rounds float32 elements to those of `to`, bfloat16 or float16: equal shapes, any strides.
Status from_float32(const KernelContext& context, const Tensor& from, const Tensor& to);

/// matmul or batched_matmul of operands of another dtype: all of the same.
Status converted_matmul(const KernelContext& context, const Tensor& out, const Tensor& self, const Tensor& a,
                        const Tensor& b, double beta, double alpha);

/// convolution of operands of another dtype: all of the same.
Result<Tensor> converted_convolution(const KernelContext& context, const Tensor& x, const Tensor& weight,
                                     const Tensor& bias, const Tensor& residual,
                                     const ConvolutionParameters& parameters);

}  // namespace hearth
