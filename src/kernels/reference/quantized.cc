#include "kernels/quantized.h"

#include <cmath>

#include "base/errors.h"
#include "kernels/linear.h"
#include "kernels/operands.h"
#include "kernels/quantized_operands.h"
#include "tensor/copy.h"

namespace hearth::reference {
namespace {

/// The element number `index` in row-major order.
template <class T>
T& element(const Tensor& tensor, int64_t index) {
  int64_t offset = 0;
  for (int i = tensor.rank() - 1; i >= 0; --i) {
    offset += index % tensor.size(i) * tensor.stride(i);
    index /= tensor.size(i);
  }
  return tensor.data_as<T>()[offset];
}

/// Bytes less `zero` as float64, which sums their products exactly.
template <class Byte>
Result<Tensor> integers(const KernelContext& context, const Tensor& bytes, int32_t zero) {
  HEARTH_ASSIGN_OR_RETURN(Tensor wide, context.pool->empty(DType::kFloat64, bytes.shape()));
  for (int64_t i = 0; i < bytes.element_count(); ++i) {
    wide.data_as<double>()[i] = static_cast<double>(element<Byte>(bytes, i)) - zero;
  }
  return wide;
}

double residual_at(const QuantizedLayer& layer, int64_t index) {
  if (!layer.residual.defined()) return 0;
  if (layer.residual.dtype() == DType::kFloat32) return element<float>(layer.residual, index);
  return (element<uint8_t>(layer.residual, index) - layer.residual_affine.zero) *
         static_cast<double>(layer.residual_affine.scale);
}

/// `sums` (row-major, float64) finished into `y`; `column_of(index)` and `scale_of(index)` say which output channel an
/// element belongs to, and by what its row was scaled.
template <class ColumnOf, class ScaleOf>
void finish(const Tensor& sums, const QuantizedLayer& layer, ColumnOf column_of, ScaleOf scale_of, const Tensor& y) {
  for (int64_t i = 0; i < sums.element_count(); ++i) {
    const int64_t column = column_of(i);
    double value = element<double>(sums, i) * scale_of(i) * element<float>(layer.scales, column);
    if (layer.bias.defined()) value += element<float>(layer.bias, column);
    const float result = apply_activation(layer.activation, static_cast<float>(value + residual_at(layer, i)));
    if (layer.y_affine) {
      element<uint8_t>(y, i) = quantize(result, *layer.y_affine);
    } else {
      element<float>(y, i) = result;
    }
  }
}

}  // namespace

Result<Tensor> quantized_linear(const KernelContext& context, const Tensor& x, const QuantizedLayer& layer) {
  HEARTH_RETURN_IF_ERROR(check_quantized_linear(x, layer));
  const int64_t depth = layer.weight.size(1);
  const int64_t columns = layer.weight.size(0);
  HEARTH_ASSIGN_OR_RETURN(const Tensor y, context.pool->empty(result_dtype(layer), linear_result_sizes(x, layer)));
  const int64_t rows = y.element_count() / std::max<int64_t>(columns, 1);
  std::vector<double> row_scales(static_cast<size_t>(rows), 1);
  Tensor wide;
  if (x.dtype() == DType::kUInt8) {
    HEARTH_ASSIGN_OR_RETURN(wide, integers<uint8_t>(context, x, layer.x_zero));
  } else {
    HEARTH_ASSIGN_OR_RETURN(wide, context.pool->empty(DType::kFloat64, x.shape()));
    for (int64_t r = 0; r < rows; ++r) {
      float largest = 0;
      for (int64_t k = 0; k < depth; ++k) largest = std::max(largest, std::abs(element<float>(x, r * depth + k)));
      const float scale = largest > 0 ? largest / 127 : 1;
      row_scales[static_cast<size_t>(r)] = scale;
      for (int64_t k = 0; k < depth; ++k) {
        wide.data_as<double>()[r * depth + k] = quantize(element<float>(x, r * depth + k), {scale, 128}) - 128;
      }
    }
  }
  HEARTH_ASSIGN_OR_RETURN(const Tensor weight, integers<int8_t>(context, layer.weight, 0));
  HEARTH_ASSIGN_OR_RETURN(const Tensor left, view_of(wide, std::array{rows, depth}, std::array{depth, int64_t{1}}, 0));
  HEARTH_ASSIGN_OR_RETURN(const Tensor right,
                          view_of(weight, std::array{depth, columns}, std::array{int64_t{1}, depth}, 0));
  HEARTH_ASSIGN_OR_RETURN(const Tensor sums, context.pool->empty(DType::kFloat64, std::array{rows, columns}));
  HEARTH_RETURN_IF_ERROR(reference::matmul(context, sums, Tensor(), left, right, 0, 1));
  finish(
      sums, layer, [&](int64_t i) { return i % columns; },
      [&](int64_t i) { return row_scales[static_cast<size_t>(i / columns)]; }, y);
  return y;
}

Result<Tensor> quantized_convolution(const KernelContext& context, const Tensor& x, const QuantizedLayer& layer,
                                     const ConvolutionParameters& parameters) {
  HEARTH_ASSIGN_OR_RETURN(const ConvolutionShape shape, check_quantized_convolution(x, layer, parameters));
  HEARTH_ASSIGN_OR_RETURN(const Tensor images, integers<uint8_t>(context, x, layer.x_zero));
  HEARTH_ASSIGN_OR_RETURN(const Tensor weight, integers<int8_t>(context, layer.weight, 0));
  ConvolutionParameters plain = parameters;
  plain.activation = Activation::kNone;
  plain.channels_last_result = false;
  HEARTH_ASSIGN_OR_RETURN(Tensor sums, reference::convolution(context, images, weight, Tensor(), Tensor(), plain));
  HEARTH_ASSIGN_OR_RETURN(const Tensor y,
                          empty_convolution_result(*context.pool, result_dtype(layer), x, layer.weight, shape));
  finish(
      sums, layer, [&](int64_t i) { return i / shape.output_pixels() % shape.out_channels; },
      [](int64_t) { return 1.0; }, y);
  return y;
}

}  // namespace hearth::reference
