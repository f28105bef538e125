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
  const void* data = nullptr;
  DType dtype = DType::kFloat32;  ///< float32, bfloat16, float16 or, in groups only, int8.
  int64_t instances = 1;
  int64_t instance_stride = 0;
  std::array<int64_t, 4> depth_sizes{1, 1, 1, 1};
  std::array<int64_t, 4> depth_strides{};
  int64_t columns = 0;
  int64_t column_stride = 0;

  int64_t depth() const { return depth_sizes[0] * depth_sizes[1] * depth_sizes[2] * depth_sizes[3]; }
};

/// A matrix as such an operand; `depth` says which of its two dimensions is the depth.
PanelSource panel_source_of(const Tensor& matrix, int depth);

/// Elements from one packed instance to the next: panels of panel_width() columns, each [depth, width] without gaps,
/// the last one only as many vectors wide as it needs.
int64_t packed_instance_size(const TileKernels& kernels, int64_t depth, int64_t columns);

/// `operand`, which `source` describes, as float32 panels: kept in context.packed when its storage is constant, else
/// made now in pool memory. `role` names what `source` takes the operand's dimensions for. The pad columns are 0.
Result<Tensor> packed_panels(const KernelContext& context, const TileKernels& kernels, const Tensor& operand,
                             const std::string& role, const PanelSource& source);

/// The same as what `source` describes, made now in memory of its own.
Result<Tensor> fresh_panels(const KernelContext& context, const TileKernels& kernels, const PanelSource& source);

/// The depth of packed_groups() in groups of four bytes: each run of innermost depths is filled up to whole groups with
/// zeros, and their sum to the kernels' depth_step.
int64_t grouped_depth(const TileKernels& kernels, const PanelSource& source);

/// The same for kernels that multiply narrow elements: panels of groups, each of the two bfloat16 or the four int8 of
/// adjacent depths.
Result<Tensor> packed_groups(const KernelContext& context, const TileKernels& kernels, const Tensor& operand,
                             const std::string& role, const PanelSource& source);

/// The same as what `source` describes, made now in memory of its own.
Result<Tensor> fresh_groups(const KernelContext& context, const TileKernels& kernels, const PanelSource& source);

}  // namespace hearth
