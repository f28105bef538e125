#include "kernels/cpu/depthwise_convolution.h"

#include <array>

#include "base/errors.h"
#include "kernels/cpu/converted.h"
#include "kernels/cpu/depthwise.h"
#include "kernels/cpu/grouped_images.h"
#include "kernels/cpu/parallel_copy.h"

namespace hearth {
namespace {

/// The weight [C, 1, kernel...] as [taps, C].
Result<Tensor> weights_by_taps(const KernelContext& context, const Tensor& weight, const ConvolutionShape& shape) {
  const auto pack = [&](const Tensor& given) -> Result<Tensor> {
    HEARTH_ASSIGN_OR_RETURN(const Tensor from, to_float32(context, given));
    const ImageStrides strides = image_strides(from);
    const std::array<int64_t, 4> sizes{shape.kernel[0], shape.kernel[1], shape.kernel[2], shape.in_channels};
    HEARTH_ASSIGN_OR_RETURN(Tensor packed, Tensor::empty(DType::kFloat32, sizes));
    parallel_copy(*context.team, sizes, from.data_as<float>(),
                  std::array{strides[2], strides[3], strides[4], strides[0]}, packed.data_as<float>(),
                  packed.strides());
    return packed;
  };
  if (!weight.storage()->is_constant()) return pack(weight);
  return context.packed->get(weight, "depthwise convolution by taps", pack);
}

ImagesInMemory in_place(const Tensor& tensor, Affine affine = {}) {
  return {static_cast<std::byte*>(tensor.data()), image_layout(tensor).strides, tensor.dtype(), affine};
}

/// `tensor` where it lies, or a copy with adjacent channels, which `copy` keeps.
Result<ImagesInMemory> readable(const KernelContext& context, const Tensor& tensor, Affine affine, Tensor& copy) {
  if (image_layout(tensor).is_channels_last()) return in_place(tensor, affine);
  HEARTH_ASSIGN_OR_RETURN(const EvenImages images, as_even_images(context, tensor));
  copy = images.tensor;
  return ImagesInMemory{static_cast<std::byte*>(copy.data()), channels_last_layout(image_layout(tensor).sizes).strides,
                        tensor.dtype(), affine};
}

}  // namespace

Status convolve_depthwise(const KernelContext& context, const ConvolutionShape& shape,
                          const DepthwiseOperands& operands, Activation activation) {
  Depthwise depthwise;
  depthwise.shape = &shape;
  depthwise.activation = activation;
  HEARTH_ASSIGN_OR_RETURN(const Tensor weights, weights_by_taps(context, operands.weight, shape));
  depthwise.weights = weights.data_as<float>();
  HEARTH_ASSIGN_OR_RETURN(const Tensor bias, dense_bias(context, operands.bias));
  depthwise.bias = bias.data_as<float>();
  Tensor x_copy;
  HEARTH_ASSIGN_OR_RETURN(depthwise.input, readable(context, operands.x, operands.x_affine, x_copy));
  Tensor residual_copy;
  if (operands.residual.defined()) {
    HEARTH_ASSIGN_OR_RETURN(depthwise.residual, readable(context, operands.residual, {}, residual_copy));
  }
  if (image_layout(operands.y).is_channels_last()) {
    depthwise.output = in_place(operands.y, operands.y_affine);
    run_depthwise(*context.team, micro_kernels(), depthwise);
    return {};
  }
  HEARTH_ASSIGN_OR_RETURN(const EvenImages result, empty_even_images(context, operands.y));
  depthwise.output = {static_cast<std::byte*>(result.tensor.data()),
                      channels_last_layout(image_layout(operands.y).sizes).strides, operands.y.dtype(),
                      operands.y_affine};
  run_depthwise(*context.team, micro_kernels(), depthwise);
  copy_even_images(*context.team, result, operands.y);
  return {};
}

}  // namespace hearth
