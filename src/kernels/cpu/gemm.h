#pragma once

#include <cstdint>

#include "base/function_ref.h"
#include "kernels/context.h"
#include "kernels/cpu/micro_kernels.h"

namespace hearth {

/// Writes rows [row, row + rows) x depths [depth_begin, depth_begin + depth) of instance `instance` of a left operand
/// to `to`, whose rows are `to_stride` elements apart.
struct GatheredBlock {
  int64_t instance;
  int64_t row;
  int64_t rows;
  int64_t depth_begin;
  int64_t depth;
  float* to;
  int64_t to_stride;
};
using GatherRows = FunctionRef<void(const GatheredBlock&)>;

/// For each instance (a batch entry, a group): c = activation(alpha · (a · b) + bias + residual). Strides are in
/// elements; those named after an instance lead from one instance to the next.
struct Gemm {
  int64_t instances = 1;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t depth = 0;

  const float* a = nullptr;  ///< [rows, depth] of any strides; unused with `gather`.
  int64_t a_instance = 0;
  int64_t a_row = 0;
  int64_t a_depth = 1;
  const GatherRows* gather =
      nullptr;  ///< Makes blocks of a when a is not in memory as a matrix. Called from any member.

  const float* b = nullptr;  ///< Panels made by pack_panels or, when b_row is not 0, [depth, columns] row-major.
  int64_t b_instance = 0;
  int64_t b_row = 0;  ///< Needs columns that are a multiple of the lanes.

  float* c = nullptr;  ///< [rows, columns], columns adjacent. Must not overlap a, b or residual.
  int64_t c_instance = 0;
  int64_t c_row = 0;
  const float* bias = nullptr;  ///< [columns] or null.
  int64_t bias_instance = 0;
  const float* residual = nullptr;  ///< [rows, columns], columns adjacent, or null.
  int64_t residual_instance = 0;
  int64_t residual_row = 0;
  float alpha = 1;
  Activation activation = Activation::kNone;
};

/// The bounds that put `activation`, or nothing, into the clamp at the end of a tile; false when it is no clamp and
/// must follow on its own.
bool activation_as_clamp(Activation activation, float& low, float& high);

/// Computes it with the context's team. The bits of the result do not depend on the size of the team. kOutOfMemory.
Status run_gemm(const KernelContext& context, const MicroKernels& kernels, const Gemm& gemm);

}  // namespace hearth
