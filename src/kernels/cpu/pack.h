#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "kernels/context.h"
#include "kernels/cpu/micro_kernels.h"

namespace hearth {

/// The right operand of a product as it lies in memory: [instances, depth, columns], the depth nested in four
/// dimensions (a convolution's taps and channels). Strides are in elements.
struct PanelSource {
  const float* data = nullptr;
  int64_t instances = 1;
  int64_t instance_stride = 0;
  std::array<int64_t, 4> depth_sizes{1, 1, 1, 1};
  std::array<int64_t, 4> depth_strides{};
  int64_t columns = 0;
  int64_t column_stride = 0;

  int64_t depth() const { return depth_sizes[0] * depth_sizes[1] * depth_sizes[2] * depth_sizes[3]; }
};

/// Elements from one packed instance to the next: panels of panel_width() columns, each [depth, width] without gaps,
/// the last one only as many vectors wide as it needs.
int64_t packed_instance_size(const MicroKernels& kernels, int64_t depth, int64_t columns);

/// `operand`, which `source` describes, as panels: kept in context.packed when its storage is constant, else made now
/// in pool memory. `role` names what `source` takes the operand's dimensions for. The pad columns are 0.
Result<Tensor> packed_panels(const KernelContext& context, const MicroKernels& kernels, const Tensor& operand,
                             const std::string& role, const PanelSource& source);

}  // namespace hearth
