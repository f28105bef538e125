#include "kernels/cpu/pack.h"

#include <algorithm>
#include <type_traits>

#include "base/errors.h"
#include "kernels/cpu/transpose.h"
#include "kernels/cpu/work_division.h"
#include "tensor/float16.h"

namespace hearth {
namespace {

/// One depth of `count` columns, padded with zeros to `width`.
template <class Element>
void pack_row(const Element* from, int64_t stride, int64_t count, int64_t width, float* to) {
  for (int64_t n = 0; n < count; ++n) to[n] = static_cast<float>(from[n * stride]);
  std::fill(to + count, to + width, 0.0F);
}

/// `depth` depths of `count` columns. Columns far apart are read along their depth, some at once: one at a time would
/// cost a cache line an element.
template <class Element>
void pack_run(const Element* from, int64_t depth, int64_t depth_stride, int64_t column_stride, int64_t count,
              int64_t width, float* to) {
  constexpr int64_t kColumns = 4;
  if (column_stride <= depth_stride) {
    for (int64_t k = 0; k < depth; ++k) pack_row(from + k * depth_stride, column_stride, count, width, to + k * width);
    return;
  }
  for (int64_t n = 0; n < width; n += kColumns) {
    const int64_t columns = std::clamp<int64_t>(count - n, 0, kColumns);
    const Element* column = from + n * column_stride;
    int64_t k = 0;
    if constexpr (std::is_same_v<Element, float>) {
      if (depth_stride == 1 && columns == kColumns) {
        for (; k + 4 <= depth; k += 4) transpose_four(column + k, column_stride, to + k * width + n, width);
      }
    }
    for (; k < depth; ++k) pack_row(column + k * depth_stride, column_stride, columns, kColumns, to + k * width + n);
  }
}

/// Calls `run(from)` for each run of innermost depths, in order.
template <class Element, class Run>
void for_each_run(const PanelSource& source, const Element* from, Run run) {
  const auto& sizes = source.depth_sizes;
  const auto& strides = source.depth_strides;
  for (int64_t i = 0; i < sizes[0]; ++i) {
    for (int64_t j = 0; j < sizes[1]; ++j) {
      for (int64_t l = 0; l < sizes[2]; ++l) run(from + i * strides[0] + j * strides[1] + l * strides[2]);
    }
  }
}

template <class Element>
void pack_panel(const PanelSource& source, const Element* from, int64_t count, int64_t width, float* to) {
  for_each_run(source, from, [&](const Element* run) {
    pack_run(run, source.depth_sizes[3], source.depth_strides[3], source.column_stride, count, width, to);
    to += source.depth_sizes[3] * width;
  });
}

/// The same in groups of as many depths as fit four bytes, `to` being zero before.
template <class Element>
void pack_groups(const PanelSource& source, const Element* from, int64_t count, int64_t width, Element* to) {
  constexpr int64_t kGroup = 4 / sizeof(Element);
  const int64_t groups = divide_up(source.depth_sizes[3], kGroup);
  for_each_run(source, from, [&](const Element* run) {
    for (int64_t n = 0; n < count; ++n) {
      const Element* column = run + n * source.column_stride;
      for (int64_t k = 0; k < source.depth_sizes[3]; ++k) {
        to[(k / kGroup * width + n) * kGroup + k % kGroup] = column[k * source.depth_strides[3]];
      }
    }
    to += groups * width * kGroup;
  });
}

/// Calls `pack(from, count, width, to)` for every panel, `depth` being its depth and To four bytes.
template <class Element, class To, class Pack>
void for_each_panel(ThreadTeam& team, const TileKernels& kernels, const PanelSource& source, int64_t depth, To* to,
                    Pack pack) {
  const int64_t panels = divide_up(source.columns, kernels.panel_width());
  const int64_t instance_size = packed_instance_size(kernels, depth, source.columns);
  team.parallel_for(source.instances * panels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t instance = i / panels;
      const int64_t column = i % panels * kernels.panel_width();
      const int64_t count = std::min(kernels.panel_width(), source.columns - column);
      const int64_t width = divide_up(count, kernels.lanes) * kernels.lanes;
      const Element* from = static_cast<const Element*>(source.data) + instance * source.instance_stride;
      pack(from + column * source.column_stride, count, width, to + instance * instance_size + column * depth);
    }
  });
}

template <class Element>
void pack_panels_of(ThreadTeam& team, const TileKernels& kernels, const PanelSource& source, float* to) {
  for_each_panel<Element>(team, kernels, source, source.depth(), to,
                          [&](const Element* from, int64_t count, int64_t width, float* panel) {
                            pack_panel(source, from, count, width, panel);
                          });
}

void pack_panels(ThreadTeam& team, const TileKernels& kernels, const PanelSource& source, float* to) {
  if (source.dtype == DType::kBFloat16) return pack_panels_of<BFloat16>(team, kernels, source, to);
  if (source.dtype == DType::kFloat16) return pack_panels_of<Float16>(team, kernels, source, to);
  pack_panels_of<float>(team, kernels, source, to);
}

template <class Element>
void pack_groups_of(ThreadTeam& team, const TileKernels& kernels, const PanelSource& source, float* to) {
  const int64_t depth = grouped_depth(kernels, source);
  for_each_panel<Element>(team, kernels, source, depth, to,
                          [&](const Element* from, int64_t count, int64_t width, float* panel) {
                            std::fill(panel, panel + depth * width, 0.0F);
                            pack_groups(source, from, count, width, reinterpret_cast<Element*>(panel));
                          });
}

void pack_all_groups(ThreadTeam& team, const TileKernels& kernels, const PanelSource& source, float* to) {
  if (source.dtype == DType::kInt8) return pack_groups_of<int8_t>(team, kernels, source, to);
  pack_groups_of<BFloat16>(team, kernels, source, to);
}

/// `pack(to)` into `size` elements of four bytes, in memory of their own.
Result<Tensor> fresh(int64_t size, FunctionRef<void(float* to)> pack) {
  HEARTH_ASSIGN_OR_RETURN(Tensor panels, Tensor::empty(DType::kFloat32, std::array{size}));
  pack(panels.data_as<float>());
  return panels;
}

/// The same in pool memory, or once when the operand is constant.
Result<Tensor> packed(const KernelContext& context, const Tensor& operand, const std::string& layout, int64_t size,
                      FunctionRef<void(float* to)> pack) {
  if (!operand.storage()->is_constant()) {
    HEARTH_ASSIGN_OR_RETURN(Tensor panels, context.pool->empty(DType::kFloat32, std::array{size}));
    pack(panels.data_as<float>());
    return panels;
  }
  return context.packed->get(operand, layout, [&](const Tensor&) { return fresh(size, pack); });
}

int64_t panels_size(const TileKernels& kernels, const PanelSource& source) {
  return source.instances * packed_instance_size(kernels, source.depth(), source.columns);
}

int64_t groups_size(const TileKernels& kernels, const PanelSource& source) {
  return source.instances * packed_instance_size(kernels, grouped_depth(kernels, source), source.columns);
}

}  // namespace

PanelSource panel_source_of(const Tensor& matrix, int depth) {
  PanelSource source;
  source.data = matrix.data();
  source.dtype = matrix.dtype();
  source.depth_sizes[3] = matrix.size(depth);
  source.depth_strides[3] = matrix.stride(depth);
  source.columns = matrix.size(1 - depth);
  source.column_stride = matrix.stride(1 - depth);
  return source;
}

int64_t packed_instance_size(const TileKernels& kernels, int64_t depth, int64_t columns) {
  return depth * divide_up(columns, kernels.lanes) * kernels.lanes;
}

Result<Tensor> packed_panels(const KernelContext& context, const TileKernels& kernels, const Tensor& operand,
                             const std::string& role, const PanelSource& source) {
  const std::string layout = fmt::format("{} in panels of {}x{}", role, kernels.tile_vectors, kernels.lanes);
  return packed(context, operand, layout, panels_size(kernels, source),
                [&](float* to) { pack_panels(*context.team, kernels, source, to); });
}

Result<Tensor> fresh_panels(const KernelContext& context, const TileKernels& kernels, const PanelSource& source) {
  return fresh(panels_size(kernels, source), [&](float* to) { pack_panels(*context.team, kernels, source, to); });
}

int64_t grouped_depth(const TileKernels& kernels, const PanelSource& source) {
  const int64_t group = 32 / dtype_bits(source.dtype);
  const auto& sizes = source.depth_sizes;
  const int64_t groups = sizes[0] * sizes[1] * sizes[2] * divide_up(sizes[3], group);
  return divide_up(groups, kernels.depth_step) * kernels.depth_step;
}

Result<Tensor> packed_groups(const KernelContext& context, const TileKernels& kernels, const Tensor& operand,
                             const std::string& role, const PanelSource& source) {
  const std::string layout = fmt::format("{} in groups of {} for {}", role, kernels.depth_step, kernels.name);
  return packed(context, operand, layout, groups_size(kernels, source),
                [&](float* to) { pack_all_groups(*context.team, kernels, source, to); });
}

Result<Tensor> fresh_groups(const KernelContext& context, const TileKernels& kernels, const PanelSource& source) {
  return fresh(groups_size(kernels, source), [&](float* to) { pack_all_groups(*context.team, kernels, source, to); });
}

}  // namespace hearth
