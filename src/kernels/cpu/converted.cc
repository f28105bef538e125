#include "kernels/cpu/converted.h"

#include "base/errors.h"
#include "kernels/convolution_shape.h"
#include "kernels/operands.h"
#include "tensor/copy.h"

namespace hearth {
namespace {

DType compute_dtype(DType dtype) {
  return dtype == DType::kFloat16 || dtype == DType::kBFloat16 ? DType::kFloat32 : DType::kFloat64;
}

/// `tensor`, which must be `dtype` where it is defined, in the dtype to compute in.
Result<Tensor> convert(const KernelContext& context, const char* op, const char* operand, const Tensor& tensor,
                       DType dtype) {
  if (!tensor.defined()) return tensor;
  HEARTH_RETURN_IF_ERROR(check_dtype(op, operand, tensor, dtype));
  if (dtype == DType::kComplex64 || dtype == DType::kComplex128) {
    return invalid_argument("{}: {} is {}, but only real numbers are computed", op, operand, describe(tensor));
  }
  if (compute_dtype(dtype) == dtype) return tensor;
  return row_major_as(*context.pool, tensor, compute_dtype(dtype));
}

}  // namespace

bool is_converted(const Tensor& tensor) { return tensor.defined() && tensor.dtype() != DType::kFloat32; }

Status converted_matmul(const KernelContext& context, const Tensor& out, const Tensor& self, const Tensor& a,
                        const Tensor& b, double beta, double alpha) {
  constexpr const char* kOp = "matmul";
  const DType dtype = out.dtype();
  HEARTH_ASSIGN_OR_RETURN(const Tensor left, convert(context, kOp, "a", a, dtype));
  HEARTH_ASSIGN_OR_RETURN(const Tensor right, convert(context, kOp, "b", b, dtype));
  HEARTH_ASSIGN_OR_RETURN(const Tensor added, convert(context, kOp, "self", beta == 0 ? Tensor() : self, dtype));
  HEARTH_ASSIGN_OR_RETURN(const Tensor product, context.pool->empty(compute_dtype(dtype), out.shape()));
  const bool is_fast = product.dtype() == DType::kFloat32;
  const auto multiply =
      out.rank() == 3 ? (is_fast ? batched_matmul : reference::batched_matmul) : (is_fast ? matmul : reference::matmul);
  HEARTH_RETURN_IF_ERROR(multiply(context, product, added, left, right, beta, alpha));
  return copy_strided(out, product);
}

Result<Tensor> converted_convolution(const KernelContext& context, const Tensor& x, const Tensor& weight,
                                     const Tensor& bias, const Tensor& residual,
                                     const ConvolutionParameters& parameters) {
  constexpr const char* kOp = "convolution";
  const DType dtype = x.dtype();
  HEARTH_ASSIGN_OR_RETURN(const ConvolutionShape shape, convolution_shape(x, weight, bias, residual, parameters));
  HEARTH_ASSIGN_OR_RETURN(Tensor y, empty_convolution_result(*context.pool, x, weight, shape));
  HEARTH_ASSIGN_OR_RETURN(const Tensor images, convert(context, kOp, "x", x, dtype));
  HEARTH_ASSIGN_OR_RETURN(const Tensor filters, convert(context, kOp, "weight", weight, dtype));
  HEARTH_ASSIGN_OR_RETURN(const Tensor channel_bias, convert(context, kOp, "bias", bias, dtype));
  HEARTH_ASSIGN_OR_RETURN(const Tensor added, convert(context, kOp, "residual", residual, dtype));
  const auto convolve = images.dtype() == DType::kFloat32 ? convolution : reference::convolution;
  HEARTH_ASSIGN_OR_RETURN(const Tensor result, convolve(context, images, filters, channel_bias, added, parameters));
  HEARTH_RETURN_IF_ERROR(copy_strided(y, result));
  return y;
}

}  // namespace hearth
