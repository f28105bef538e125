#include "kernels/cpu/column_offsets.h"

#include "base/errors.h"

namespace hearth {
namespace {

int32_t column_sum(const PanelSource& source, const int8_t* column) {
  const auto& [planes, lines, taps, channels] = source.depth_sizes;
  const auto& strides = source.depth_strides;
  int32_t sum = 0;
  for (int64_t i = 0; i < planes; ++i) {
    for (int64_t j = 0; j < lines; ++j) {
      for (int64_t l = 0; l < taps; ++l) {
        const int8_t* run = column + i * strides[0] + j * strides[1] + l * strides[2];
        for (int64_t k = 0; k < channels; ++k) sum += run[k * strides[3]];
      }
    }
  }
  return sum;
}

}  // namespace

Result<Tensor> column_offsets(const KernelContext& context, const Tensor& operand, const std::string& role,
                              const PanelSource& source, int32_t zero) {
  const auto make = [&](const Tensor&) -> Result<Tensor> {
    HEARTH_ASSIGN_OR_RETURN(Tensor offsets, Tensor::empty(DType::kInt32, std::array{source.instances, source.columns}));
    context.team->parallel_for(offsets.element_count(), 16, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t column = i / source.columns * source.instance_stride + i % source.columns * source.column_stride;
        offsets.data_as<int32_t>()[i] = zero * column_sum(source, static_cast<const int8_t*>(source.data) + column);
      }
    });
    return offsets;
  };
  if (!operand.storage()->is_constant()) return make(operand);
  return context.packed->get(operand, fmt::format("{}, column sums times {}", role, zero), make);
}

}  // namespace hearth
