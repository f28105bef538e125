#pragma once

#include <optional>

#include "kernels/context.h"
#include "kernels/cuda/matmul_parameters.h"

namespace hearth::gpu {

/// The file of kernels for products of `dtype`; none where there is no such file.
std::optional<const char*> product_family(DType dtype);

/// Computes a product whose operands are of `dtype` and lie on the GPU; `splits` and what follows it are set here.
/// kUnavailable for sizes beyond what a launch can have.
Status run_product(const KernelContext& context, DType dtype, Product product);

/// How a product is computed: a matter of its sizes and of how its operands lie.
struct ProductPlan {
  enum class Kernel { kRows, kWideTiles, kLargeTiles, kSmallTiles };

  Kernel kernel;
  bool transposed = false;  ///< outᵀ = bᵀ · aᵀ is computed: few columns become few rows.
  int64_t splits = 1;       ///< Of the depth; each is summed by blocks of its own.
  int64_t split_depth = 0;
};
/// Whether blocks for two columns each are the way to compute few rows: they read `depth_bytes` of a column by many
/// threads, most of which would idle on a short one, which only matters where there are many columns.
inline bool suits_row_kernels(int64_t columns, int64_t depth_bytes, int compute_units) {
  return depth_bytes >= 1024 || columns <= 32 * int64_t{compute_units};
}
ProductPlan plan_product(DType dtype, const Product& product, int compute_units);

}  // namespace hearth::gpu
