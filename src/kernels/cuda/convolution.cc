#include "kernels/cuda/convolution.h"

#include <algorithm>

#include "kernels/convolution_shape.h"
#include "kernels/cuda/convolution_product.h"
#include "kernels/cuda/direct_convolution.h"
#include "kernels/cuda/launch.h"
#include "kernels/profile.h"
#include "tensor/layout.h"

namespace hearth::gpu {
namespace {

bool has_kernels(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kBFloat16 || dtype == DType::kFloat16;
}

/// Device code counts pixels and positions, those beside the input included, in 32 bits.
Status check_range(const ConvolutionShape& shape) {
  constexpr int64_t kMost = int64_t{1} << 28;
  CheckedSize pixels = shape.batch;
  bool fits = shape.in_channels < kMost && shape.out_channels < kMost;
  for (size_t i = 0; i < 3; ++i) {
    pixels *= shape.output[i];
    fits = fits && shape.input[i] < kMost && shape.output[i] < kMost / shape.stride[i] && shape.padding[i] < kMost &&
           shape.kernel[i] < kMost / shape.dilation[i];
  }
  const auto count = pixels.as<int64_t>();
  if (fits && count && *count <= (int64_t{1} << 30)) return {};
  return unavailable("convolution: a result is {}", describe_shape(shape.result_sizes()));
}

}  // namespace

Result<Tensor> convolution(const KernelContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                           const Tensor& residual, const ConvolutionParameters& parameters) {
  if (x.defined() && !has_kernels(x.dtype())) return unavailable("convolution: x is {}", describe(x));
  HEARTH_ASSIGN_OR_RETURN(const ConvolutionShape shape, convolution_shape(x, weight, bias, residual, parameters));
  HEARTH_RETURN_IF_ERROR(check_on_gpu({&x, &weight, &bias, &residual}));
  HEARTH_RETURN_IF_ERROR(check_range(shape));
  HEARTH_ASSIGN_OR_RETURN(Tensor y, empty_convolution_result(*context.pool, x.dtype(), x, weight, shape));
  if (y.element_count() == 0) return y;
  const ConvolutionOperands operands{shape, x, weight, bias, residual, y, parameters.activation};
  const auto convolve = is_product(shape, x.dtype()) ? convolve_as_products : convolve_directly;
  HEARTH_RETURN_IF_ERROR(convolve(context, operands));
  count_operations(x.dtype(), shape.operations());
  return y;
}

}  // namespace hearth::gpu
