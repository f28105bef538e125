#include "kernels/cuda/convolution_operands.h"

#include <algorithm>

namespace hearth::gpu {
namespace {

std::array<int64_t, 5> result_image_sizes(const ConvolutionShape& shape) {
  return {shape.batch, shape.out_channels, shape.output[0], shape.output[1], shape.output[2]};
}

/// The address of the phase's first result in `tensor`, and its strides.
std::byte* place_in(const Tensor& tensor, const ConvolutionShape& shape, const ConvolutionPhase& phase,
                    int64_t (&phase_strides)[5]) {
  const ImageStrides strides = meaningful_strides(result_image_sizes(shape), image_strides(tensor));
  std::ranges::copy(strides, phase_strides);
  int64_t offset = 0;
  for (size_t i = 0; i < 3; ++i) {
    offset += phase[i].first_output * strides[2 + i];
    phase_strides[2 + i] *= phase[i].output_step;
  }
  return static_cast<std::byte*>(tensor.data()) + offset * dtype_bits(tensor.dtype()) / 8;
}

bool in_fours(const Tensor& tensor, const void* data, const int64_t (&strides)[5]) {
  ImageStrides copy{};
  std::ranges::copy(strides, copy.begin());
  return channels_lie_in(4, data, tensor.dtype(), copy);
}

}  // namespace

ImageStrides meaningful_strides(const std::array<int64_t, 5>& sizes, ImageStrides strides) {
  for (size_t i = 0; i < strides.size(); ++i) {
    if (sizes[i] == 1) strides[i] = 0;
  }
  return strides;
}

bool channels_lie_in(int64_t numbers, const void* data, DType dtype, const ImageStrides& meaningful_strides) {
  if (meaningful_strides[1] != 1) return false;
  for (size_t i = 0; i < meaningful_strides.size(); ++i) {
    if (i != 1 && meaningful_strides[i] % numbers != 0) return false;
  }
  return reinterpret_cast<uintptr_t>(data) % static_cast<size_t>(numbers * dtype_bits(dtype) / 8) == 0;
}

ResultPlace result_place(const ConvolutionOperands& operands, const ConvolutionPhase& phase) {
  const ConvolutionShape& shape = operands.shape;
  ResultPlace place{};
  ConvolutionResult& parameters = place.parameters;
  place.y = place_in(operands.y, shape, phase, parameters.y_strides);
  const int64_t together = shape.is_depthwise() ? shape.out_channels : shape.group_out_channels();
  bool fours = together % 4 == 0 && in_fours(operands.y, place.y, parameters.y_strides);
  if (operands.residual.defined()) {
    place.residual = place_in(operands.residual, shape, phase, parameters.residual_strides);
    fours = fours && in_fours(operands.residual, place.residual, parameters.residual_strides);
  }
  int64_t rows = shape.batch;
  for (size_t i = 0; i < 3; ++i) {
    parameters.output[i] = static_cast<int32_t>(phase[i].outputs);
    rows *= phase[i].outputs;
  }
  parameters.rows = static_cast<int32_t>(rows);
  parameters.channels = static_cast<int32_t>(shape.out_channels);
  parameters.activation = static_cast<int32_t>(operands.activation);
  parameters.in_fours = fours ? 1 : 0;
  if (operands.bias.defined()) {
    place.bias = operands.bias.data();
    parameters.bias_is_float32 = operands.bias.dtype() == DType::kFloat32 ? 1 : 0;
    parameters.bias_stride = operands.bias.stride(0);
  }
  return place;
}

ConvolutionWindow window_of(const ConvolutionShape& shape, const ConvolutionPhase& phase) {
  ConvolutionWindow window{};
  for (size_t i = 0; i < 3; ++i) {
    window.output[i] = static_cast<int32_t>(phase[i].outputs);
    window.input[i] = static_cast<int32_t>(shape.input[i]);
    window.kernel[i] = static_cast<int32_t>(phase[i].taps);
    window.step[i] = static_cast<int32_t>(phase[i].step);
    window.offset[i] = static_cast<int32_t>(phase[i].offset);
    window.tap_step[i] = static_cast<int32_t>(phase[i].tap_step);
  }
  return window;
}

ByteFinish byte_finish(const QuantizedLayer& layer) {
  ByteFinish finish{};
  finish.scales_stride = layer.scales.stride(0);
  finish.residual_is_bytes = layer.residual.defined() && layer.residual.dtype() == DType::kUInt8 ? 1 : 0;
  finish.residual_zero = layer.residual_affine.zero;
  finish.residual_scale = layer.residual_affine.scale;
  finish.y_is_bytes = layer.y_affine ? 1 : 0;
  const Affine y = layer.y_affine.value_or(Affine());
  finish.y_factor = 1 / y.scale;
  finish.y_zero = static_cast<float>(y.zero);
  return finish;
}

}  // namespace hearth::gpu
