#include "kernels/cpu/pack.h"

#include <algorithm>
#include <cstring>

#include "base/errors.h"
#include "kernels/cpu/transpose.h"

namespace hearth {
namespace {

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// One depth of `count` columns, padded with zeros to `width`.
void pack_row(const float* from, int64_t stride, int64_t count, int64_t width, float* to) {
  if (stride == 1) {
    std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
  } else {
    for (int64_t n = 0; n < count; ++n) to[n] = from[n * stride];
  }
  std::fill(to + count, to + width, 0.0F);
}

/// `depth` depths of `count` columns. Columns far apart are read along their depth, some at once: one at a time would
/// cost a cache line an element.
void pack_run(const float* from, int64_t depth, int64_t depth_stride, int64_t column_stride, int64_t count,
              int64_t width, float* to) {
  constexpr int64_t kColumns = 4;
  if (column_stride <= depth_stride) {
    for (int64_t k = 0; k < depth; ++k) pack_row(from + k * depth_stride, column_stride, count, width, to + k * width);
    return;
  }
  for (int64_t n = 0; n < width; n += kColumns) {
    const int64_t columns = std::clamp<int64_t>(count - n, 0, kColumns);
    const float* column = from + n * column_stride;
    int64_t k = 0;
    if (depth_stride == 1 && columns == kColumns) {
      for (; k + 4 <= depth; k += 4) transpose_four(column + k, column_stride, to + k * width + n, width);
    }
    for (; k < depth; ++k) pack_row(column + k * depth_stride, column_stride, columns, kColumns, to + k * width + n);
  }
}

void pack_panel(const PanelSource& source, const float* from, int64_t count, int64_t width, float* to) {
  const auto& sizes = source.depth_sizes;
  const auto& strides = source.depth_strides;
  for (int64_t i = 0; i < sizes[0]; ++i) {
    for (int64_t j = 0; j < sizes[1]; ++j) {
      for (int64_t l = 0; l < sizes[2]; ++l) {
        pack_run(from + i * strides[0] + j * strides[1] + l * strides[2], sizes[3], strides[3], source.column_stride,
                 count, width, to);
        to += sizes[3] * width;
      }
    }
  }
}

void pack_panels(ThreadTeam& team, const MicroKernels& kernels, const PanelSource& source, float* to) {
  const int64_t depth = source.depth();
  const int64_t panels = divide_up(source.columns, kernels.panel_width());
  const int64_t instance_size = packed_instance_size(kernels, depth, source.columns);
  team.parallel_for(source.instances * panels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t instance = i / panels;
      const int64_t column = i % panels * kernels.panel_width();
      const int64_t count = std::min(kernels.panel_width(), source.columns - column);
      const int64_t width = divide_up(count, kernels.lanes) * kernels.lanes;
      pack_panel(source, source.data + instance * source.instance_stride + column * source.column_stride, count, width,
                 to + instance * instance_size + column * depth);
    }
  });
}

}  // namespace

int64_t packed_instance_size(const MicroKernels& kernels, int64_t depth, int64_t columns) {
  return depth * divide_up(columns, kernels.lanes) * kernels.lanes;
}

Result<Tensor> packed_panels(const KernelContext& context, const MicroKernels& kernels, const Tensor& operand,
                             const std::string& role, const PanelSource& source) {
  const int64_t size = source.instances * packed_instance_size(kernels, source.depth(), source.columns);
  const std::array<int64_t, 1> shape{size};
  if (!operand.storage()->is_constant()) {
    HEARTH_ASSIGN_OR_RETURN(Tensor panels, context.pool->empty(DType::kFloat32, shape));
    pack_panels(*context.team, kernels, source, panels.data_as<float>());
    return panels;
  }
  const std::string layout = fmt::format("{} in panels of {}x{}", role, kernels.tile_vectors, kernels.lanes);
  return context.packed->get(operand, layout, [&](const Tensor&) -> Result<Tensor> {
    HEARTH_ASSIGN_OR_RETURN(Tensor panels, Tensor::empty(DType::kFloat32, shape));
    pack_panels(*context.team, kernels, source, panels.data_as<float>());
    return panels;
  });
}

}  // namespace hearth
