#include "kernels/cuda/embedding.h"

#include "kernels/cuda/embedding_parameters.h"
#include "kernels/cuda/index_offsets.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/walk.h"

namespace hearth::gpu {
namespace {

BlockTable table_of(const BlockWeights& weight, int64_t depth, int64_t count) {
  constexpr int64_t kHalf = 2;
  const bool minimum = weight.format == BlockFormat::kNibblesFromMinimum;
  const int64_t bytes = block_bytes(weight.format);
  return {.count = count,
          .depth = depth,
          .blocks_of_panel = weight.blocks_of_panel(),
          .block_bytes = static_cast<int32_t>(bytes),
          .numbers = static_cast<int32_t>(kBlockGroups * kBlockRows * kHalf * (minimum ? 2 : 1)),
          .nibbles = weight.format == BlockFormat::kBytes ? 0 : 1,
          .minimum = minimum ? 1 : 0};
}

}  // namespace

Result<Tensor> block_embedding(const KernelContext& context, const Tensor& ids, const BlockWeights& weight,
                               int64_t depth, DType dtype) {
  constexpr std::string_view kOp = "embedding";
  HEARTH_RETURN_IF_ERROR(check_on_gpu({&ids, &weight.data}));
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "ids", ids));
  HEARTH_RETURN_IF_ERROR(check_block_weights(kOp, weight, depth));
  if (ids.dtype() != DType::kInt64 && ids.dtype() != DType::kInt32) {
    return invalid_argument("{}: ids is {}, expected int64 or int32", kOp, describe(ids));
  }
  if (dtype != DType::kFloat32 && dtype != DType::kBFloat16 && dtype != DType::kFloat16) {
    return unavailable("rows of a table in {} on a GPU", dtype_name(dtype));
  }
  HEARTH_ASSIGN_OR_RETURN(const Tensor wide,
                          ids.dtype() == DType::kInt64 ? Result<Tensor>(ids) : widened(context, ids));
  const OffsetTerm term{.index = wide, .size = weight.rows, .step = 1};
  const Dimensions no_strides(static_cast<size_t>(ids.rank()), 0);
  HEARTH_ASSIGN_OR_RETURN(const Offsets rows,
                          add_offsets(context, ids.shape(), no_strides, std::span(&term, 1), /*wrap=*/false));
  if (rows.outside) {
    return invalid_argument("{}: the id {} is no row of the table, which has {}", kOp, rows.outside->second,
                            weight.rows);
  }
  Dimensions shape = to_dimensions(ids.shape());
  shape.push_back(depth);
  HEARTH_ASSIGN_OR_RETURN(const Tensor values, context.pool->empty(dtype, shape));
  if (values.element_count() == 0) return values;
  HEARTH_RETURN_IF_ERROR(launch(*context.gpu, "embedding", "read_rows_" + std::string(dtype_name(dtype)),
                                shape_for_numbers(values.element_count()), values.data(), rows.offsets.data(),
                                weight.data.data(), table_of(weight, depth, ids.element_count())));
  return values;
}

}  // namespace hearth::gpu
