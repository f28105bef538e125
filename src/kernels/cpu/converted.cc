#include "kernels/cpu/converted.h"

#include <algorithm>

#include "base/errors.h"
#include "kernels/convolution_shape.h"
#include "kernels/cpu/micro_kernels.h"
#include "kernels/cpu/parallel_copy.h"
#include "kernels/operands.h"
#include "tensor/copy.h"
#include "tensor/layout.h"

namespace hearth {
namespace {

/// Elements that take some microseconds to convert.
constexpr int64_t kElementsOfChunk = 32768;

template <class From, class To>
void convert_in_parallel(ThreadTeam& team, void (*convert)(const From*, To*, int64_t), const From* from, To* to,
                         int64_t count) {
  const int64_t chunks = (count + kElementsOfChunk - 1) / kElementsOfChunk;
  team.parallel_for(chunks, 1, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * kElementsOfChunk;
    convert(from + first, to + first, std::min(end * kElementsOfChunk, count) - first);
  });
}

/// True when the elements fill their memory, in whatever order.
bool has_no_gaps(const Tensor& tensor) {
  return element_extent(tensor.shape(), tensor.strides()).as<int64_t>() == tensor.element_count();
}

template <class Half>
Result<Tensor> row_major_halves(const KernelContext& context, const Tensor& tensor) {
  HEARTH_ASSIGN_OR_RETURN(Tensor copy, context.pool->empty(tensor.dtype(), tensor.shape()));
  parallel_copy(*context.team, tensor.shape(), tensor.data_as<Half>(), tensor.strides(), copy.data_as<Half>(),
                copy.strides());
  return copy;
}

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
  const bool brain = tensor.dtype() == DType::kBFloat16;
  Tensor dense = tensor;
  if (!has_no_gaps(tensor)) {
    HEARTH_ASSIGN_OR_RETURN(dense, (brain ? row_major_halves<BFloat16> : row_major_halves<Float16>)(context, tensor));
  }
  HEARTH_ASSIGN_OR_RETURN(Tensor wide, context.pool->empty_strided(DType::kFloat32, dense.shape(), dense.strides()));
  const MicroKernels& kernels = micro_kernels();
  const int64_t count = dense.element_count();
  if (brain) {
    convert_in_parallel(*context.team, kernels.widen_bfloat16, dense.data_as<const BFloat16>(), wide.data_as<float>(),
                        count);
  } else {
    convert_in_parallel(*context.team, kernels.widen_float16, dense.data_as<const Float16>(), wide.data_as<float>(),
                        count);
  }
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
  const int64_t count = from.element_count();
  if (to.dtype() == DType::kBFloat16) {
    convert_in_parallel(*context.team, kernels.narrow_bfloat16, from.data_as<const float>(), to.data_as<BFloat16>(),
                        count);
  } else {
    convert_in_parallel(*context.team, kernels.narrow_float16, from.data_as<const float>(), to.data_as<Float16>(),
                        count);
  }
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
  HEARTH_ASSIGN_OR_RETURN(Tensor y, empty_convolution_result(*context.pool, x, weight, shape));
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
