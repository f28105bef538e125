#pragma once

#include <string>

#include "kernels/cpu/pack.h"

namespace hearth {

/// What the zero point of a uint8 left operand adds to the sums of each column of an int8 right one: zero · Σ_k
/// b[k][n], int32 [instances, columns]. `operand`, `role` and `source` as for packed_groups().
Result<Tensor> column_offsets(const KernelContext& context, const Tensor& operand, const std::string& role,
                              const PanelSource& source, int32_t zero);

}  // namespace hearth
