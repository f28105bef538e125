#include "kernels/cpu/converted.h"

#include <algorithm>

#include "base/errors.h"
#include "kernels/convolution_shape.h"
#include "kernels/cpu/dense_elements.h"
#include "kernels/cpu/micro_kernels.h"
#include "kernels/operands.h"
#include "tensor/copy.h"

namespace hearth {
namespace {

/// `tensor`, which must be `dtype` where it is defined, as float64.
Result<Tensor> convert(const KernelContext& context, const char* op, const char* operand, const Tensor& tensor,
                       DType dtype) {
  if (!tensor.defined()) return tensor;
  HEARTH_RETURN_IF_ERROR(check_dtype(op, operand, tensor, dtype));
  if (dtype == DType::kComplex64 || dtype == DType::kComplex128) {
    return invalid_argument("{}: {} is {}, but only real numbers are computed", op, operand, describe(tensor));
  }
  if (dtype == DType::kFloat64) return tensor;
  return row_major_as(*context.pool, tensor, DType::kFloat64);
}

}  // namespace

bool is_fast_dtype(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kBFloat16 || dtype == DType::kFloat16;
}

Result<Tensor> to_float32(const KernelContext& context, const Tensor& tensor) {
  if (!tensor.defined() || tensor.dtype() == DType::kFloat32) return tensor;
  HEARTH_ASSIGN_OR_RETURN(const Tensor dense, as_dense(context, tensor));
  HEARTH_ASSIGN_OR_RETURN(Tensor wide, context.pool->empty_strided(DType::kFloat32, dense.shape(), dense.strides()));
  const MicroKernels& kernels = micro_kernels();
  const auto widen = [&]<class Half>(void (*convert)(const Half*, float*, int64_t)) {
    convert_in_parallel(*context.team, dense.element_count(), [&](int64_t first, int64_t count) {
      convert(dense.data_as<const Half>() + first, wide.data_as<float>() + first, count);
    });
  };
  tensor.dtype() == DType::kBFloat16 ? widen(kernels.widen_bfloat16) : widen(kernels.widen_float16);
  return wide;
}

Result<Tensor> dense_bias(const KernelContext& context, const Tensor& bias) {
  HEARTH_ASSIGN_OR_RETURN(Tensor wide, to_float32(context, bias));
  if (!wide.defined() || wide.is_contiguous()) return wide;
  return row_major_copy(context, wide);
}

Status from_float32(const KernelContext& context, const Tensor& from, const Tensor& to) {
  if (!std::ranges::equal(from.strides(), to.strides()) || !has_no_gaps(from)) return copy_strided(to, from);
  const MicroKernels& kernels = micro_kernels();
  const auto narrow = [&]<class Half>(void (*convert)(const float*, Half*, int64_t)) {
    convert_in_parallel(*context.team, from.element_count(), [&](int64_t first, int64_t count) {
      convert(from.data_as<const float>() + first, to.data_as<Half>() + first, count);
    });
  };
  to.dtype() == DType::kBFloat16 ? narrow(kernels.narrow_bfloat16) : narrow(kernels.narrow_float16);
  return {};
}

Status converted_matmul(const KernelContext& context, const Tensor& out, const Tensor& self, const Tensor& a,
                        const Tensor& b, double beta, double alpha) {
  constexpr const char* kOp = "matmul";
  const DType dtype = out.dtype();
  HEARTH_ASSIGN_OR_RETURN(const Tensor left, convert(context, kOp, "a", a, dtype));
  HEARTH_ASSIGN_OR_RETURN(const Tensor right, convert(context, kOp, "b", b, dtype));
  HEARTH_ASSIGN_OR_RETURN(const Tensor added, convert(context, kOp, "self", beta == 0 ? Tensor() : self, dtype));
  HEARTH_ASSIGN_OR_RETURN(const Tensor product, context.pool->empty(DType::kFloat64, out.shape()));
  const auto multiply = out.rank() == 3 ? reference::batched_matmul : reference::matmul;
  HEARTH_RETURN_IF_ERROR(multiply(context, product, added, left, right, beta, alpha));
  return copy_strided(out, product);
}

Result<Tensor> converted_convolution(const KernelContext& context, const Tensor& x, const Tensor& weight,
                                     const Tensor& bias, const Tensor& residual,
                                     const ConvolutionParameters& parameters) {
  constexpr const char* kOp = "convolution";
  const DType dtype = x.dtype();
  HEARTH_ASSIGN_OR_RETURN(const ConvolutionShape shape, convolution_shape(x, weight, bias, residual, parameters));
  HEARTH_ASSIGN_OR_RETURN(Tensor y, empty_convolution_result(*context.pool, x.dtype(), x, weight, shape));
  HEARTH_ASSIGN_OR_RETURN(const Tensor images, convert(context, kOp, "x", x, dtype));
  HEARTH_ASSIGN_OR_RETURN(const Tensor filters, convert(context, kOp, "weight", weight, dtype));
  HEARTH_ASSIGN_OR_RETURN(const Tensor channel_bias, convert(context, kOp, "bias", bias, dtype));
  HEARTH_ASSIGN_OR_RETURN(const Tensor added, convert(context, kOp, "residual", residual, dtype));
  HEARTH_ASSIGN_OR_RETURN(const Tensor result,
                          reference::convolution(context, images, filters, channel_bias, added, parameters));
  HEARTH_RETURN_IF_ERROR(copy_strided(y, result));
  return y;
}

}  // namespace hearth
