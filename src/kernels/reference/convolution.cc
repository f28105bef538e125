#include "kernels/convolution.h"

#include <array>

#include "base/errors.h"
#include "kernels/convolution_shape.h"
#include "kernels/operands.h"

namespace hearth::reference {
namespace {

using Position = std::array<int64_t, 3>;

Position position_of(int64_t index, const std::array<int64_t, 3>& sizes) {
  return {index / (sizes[1] * sizes[2]), index / sizes[2] % sizes[1], index % sizes[2]};
}

int64_t offset_of(const ImageStrides& strides, int64_t first, int64_t second, const Position& position) {
  return first * strides[0] + second * strides[1] + position[0] * strides[2] + position[1] * strides[3] +
         position[2] * strides[4];
}

/// One element of the result, without bias, residual and activation.
template <typename T>
double convolve_at(const ConvolutionShape& shape, const Tensor& x, const Tensor& weight, int64_t image, int64_t channel,
                   const Position& output) {
  const ImageStrides x_strides = image_strides(x);
  const ImageStrides weight_strides = image_strides(weight);
  const int64_t group = channel / shape.group_out_channels();
  double sum = 0;
  for (int64_t t = 0; t < shape.taps(); ++t) {
    const Position tap = position_of(t, shape.kernel);
    const Position input{shape.input_position(0, output[0], tap[0]), shape.input_position(1, output[1], tap[1]),
                         shape.input_position(2, output[2], tap[2])};
    if (input[0] < 0 || input[1] < 0 || input[2] < 0) continue;
    for (int64_t c = 0; c < shape.group_in_channels(); ++c) {
      const int64_t in_channel = group * shape.group_in_channels() + c;
      const int64_t weight_offset =
          shape.transposed ? offset_of(weight_strides, in_channel, channel % shape.group_out_channels(), tap)
                           : offset_of(weight_strides, channel, c, tap);
      sum += static_cast<double>(x.data_as<T>()[offset_of(x_strides, image, in_channel, input)]) *
             weight.data_as<T>()[weight_offset];
    }
  }
  return sum;
}

template <typename T>
void convolve(const ConvolutionShape& shape, const Tensor& x, const Tensor& weight, const Tensor& bias,
              const Tensor& residual, Activation activation, const Tensor& y) {
  const ImageStrides y_strides = image_strides(y);
  for (int64_t image = 0; image < shape.batch; ++image) {
    for (int64_t channel = 0; channel < shape.out_channels; ++channel) {
      for (int64_t pixel = 0; pixel < shape.output_pixels(); ++pixel) {
        const Position output = position_of(pixel, shape.output);
        double value = convolve_at<T>(shape, x, weight, image, channel, output);
        if (bias.defined()) value += bias.data_as<T>()[channel * bias.stride(0)];
        if (residual.defined())
          value += residual.data_as<T>()[offset_of(image_strides(residual), image, channel, output)];
        if (activation != Activation::kNone) value = apply_activation(activation, static_cast<float>(value));
        y.data_as<T>()[offset_of(y_strides, image, channel, output)] = static_cast<T>(value);
      }
    }
  }
}

}  // namespace

Result<Tensor> convolution(const KernelContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                           const Tensor& residual, const ConvolutionParameters& parameters) {
  HEARTH_ASSIGN_OR_RETURN(const ConvolutionShape shape, convolution_shape(x, weight, bias, residual, parameters));
  HEARTH_ASSIGN_OR_RETURN(Tensor y, empty_convolution_result(*context.pool, x.dtype(), x, weight, shape));
  if (x.dtype() == DType::kFloat64) {
    convolve<double>(shape, x, weight, bias, residual, parameters.activation, y);
    return y;
  }
  HEARTH_RETURN_IF_ERROR(check_dtype("convolution", "x", x, DType::kFloat32));
  convolve<float>(shape, x, weight, bias, residual, parameters.activation, y);
  return y;
}

}  // namespace hearth::reference
