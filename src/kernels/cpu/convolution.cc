#include "kernels/convolution.h"

#include "base/errors.h"
#include "kernels/convolution_shape.h"
#include "kernels/cpu/converted.h"
#include "kernels/cpu/convolution_bfloat16.h"
#include "kernels/cpu/convolution_float32.h"
#include "kernels/profile.h"

namespace hearth {
namespace {

/// A convolution of bfloat16 or float16 in float32, rounded at the end.
Status convolve_widened(const KernelContext& context, const ConvolutionShape& shape, const Tensor& x,
                        const Tensor& weight, const Tensor& bias, const Tensor& residual, Activation activation,
                        const Tensor& y) {
  HEARTH_ASSIGN_OR_RETURN(const Tensor images, to_float32(context, x));
  HEARTH_ASSIGN_OR_RETURN(const Tensor added, to_float32(context, residual));
  HEARTH_ASSIGN_OR_RETURN(const Tensor result, context.pool->empty_strided(DType::kFloat32, y.shape(), y.strides()));
  HEARTH_RETURN_IF_ERROR(convolve_float32(context, shape, images, weight, bias, added, activation, result));
  return from_float32(context, result, y);
}

}  // namespace

Result<Tensor> convolution(const KernelContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                           const Tensor& residual, const ConvolutionParameters& parameters) {
  if (x.defined() && !is_fast_dtype(x.dtype())) {
    return converted_convolution(context, x, weight, bias, residual, parameters);
  }
  HEARTH_ASSIGN_OR_RETURN(const ConvolutionShape shape, convolution_shape(x, weight, bias, residual, parameters));
  HEARTH_ASSIGN_OR_RETURN(Tensor y, empty_convolution_result(*context.pool, x.dtype(), x, weight, shape));
  if (y.element_count() == 0) return y;
  count_operations(x.dtype(), shape.operations());
  const auto convolve = x.dtype() == DType::kFloat32                                  ? convolve_float32
                        : x.dtype() == DType::kBFloat16 && multiplies_bfloat16(shape) ? convolve_bfloat16
                                                                                      : convolve_widened;
  HEARTH_RETURN_IF_ERROR(convolve(context, shape, x, weight, bias, residual, parameters.activation, y));
  return y;
}

}  // namespace hearth
