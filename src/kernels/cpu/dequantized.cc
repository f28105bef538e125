#include "kernels/cpu/dequantized.h"

#include "kernels/cpu/dense_elements.h"
#include "kernels/cpu/micro_kernels.h"

namespace hearth {

Result<Tensor> dequantized(const KernelContext& context, const Tensor& tensor, Affine affine) {
  HEARTH_ASSIGN_OR_RETURN(const Tensor dense, as_dense(context, tensor));
  HEARTH_ASSIGN_OR_RETURN(Tensor wide, context.pool->empty_strided(DType::kFloat32, dense.shape(), dense.strides()));
  const auto* from = dense.data_as<uint8_t>();
  auto* to = wide.data_as<float>();
  const auto dequantize = micro_kernels().dequantize;
  convert_in_parallel(*context.team, dense.element_count(),
                      [&](int64_t first, int64_t count) { dequantize(from + first, affine, to + first, count); });
  return wide;
}

Result<Tensor> dequantized_weight(const KernelContext& context, const Tensor& weight, const Tensor& scales) {
  const auto make = [&](const Tensor&) -> Result<Tensor> {
    HEARTH_ASSIGN_OR_RETURN(const Tensor dense, row_major_copy(context, weight));
    HEARTH_ASSIGN_OR_RETURN(Tensor wide, Tensor::empty(DType::kFloat32, weight.shape()));
    const int64_t of_column = weight.element_count() / std::max<int64_t>(weight.size(0), 1);
    for (int64_t i = 0; i < weight.element_count(); ++i) {
      const float scale = scales.data_as<float>()[i / of_column * scales.stride(0)];
      wide.data_as<float>()[i] = static_cast<float>(dense.data_as<int8_t>()[i]) * scale;
    }
    return wide;
  };
  if (!weight.storage()->is_constant() || !scales.storage()->is_constant()) return make(weight);
  return context.packed->get(weight, fmt::format("times the scales at {}", fmt::ptr(scales.data())), make);
}

void quantize_dense(const KernelContext& context, const Tensor& from, Affine affine, const Tensor& to) {
  const auto* numbers = from.data_as<float>();
  auto* bytes = to.data_as<uint8_t>();
  const auto quantize = micro_kernels().quantize;
  convert_in_parallel(*context.team, from.element_count(),
                      [&](int64_t first, int64_t count) { quantize(numbers + first, affine, bytes + first, count); });
}

}  // namespace hearth
