#include "kernels/experts.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/errors.h"
#include "kernels/block_linear.h"
#include "kernels/linear.h"
#include "kernels/operands.h"
#include "tensor/copy.h"

namespace hearth {
namespace {

constexpr std::string_view kOp = "moe";

/// Which rows of experts [T, I], counted row-major, go to which expert.
struct Routes {
  std::vector<int64_t> rows;   ///< Those of one expert after those of another, ascending within.
  std::vector<int64_t> begin;  ///< Where an expert's begin, and one more entry for the end.

  int64_t count(int64_t expert) const {
    const auto at = static_cast<size_t>(expert);
    return begin[at + 1] - begin[at];
  }
};

/// kInvalidArgument for an expert that does not exist.
Result<Routes> sort_by_expert(std::span<const int64_t> experts, int64_t count) {
  Routes routes{std::vector<int64_t>(experts.size()), std::vector<int64_t>(static_cast<size_t>(count) + 1)};
  for (const int64_t expert : experts) {
    if (expert < 0 || expert >= count) {
      return invalid_argument("{}: there is no expert {} among {}", kOp, expert, count);
    }
    ++routes.begin[static_cast<size_t>(expert) + 1];
  }
  for (size_t e = 1; e < routes.begin.size(); ++e) routes.begin[e] += routes.begin[e - 1];
  std::vector<int64_t> next(routes.begin.begin(), routes.begin.end() - 1);
  for (size_t row = 0; row < experts.size(); ++row) {
    int64_t& place = next[static_cast<size_t>(experts[row])];
    routes.rows[static_cast<size_t>(place++)] = static_cast<int64_t>(row);
  }
  return routes;
}

/// Calls copy(sorted row, row) for all rows of `routes` from `begin` on, on the team.
template <typename Copy>
void for_each_row(const KernelContext& context, const Routes& routes, int64_t begin, int64_t end, size_t row_bytes,
                  Copy copy) {
  constexpr int64_t kBytesOfChunk = 64 * 1024;
  const int64_t grain = kBytesOfChunk / std::max<int64_t>(static_cast<int64_t>(row_bytes), 1) + 1;
  context.team->parallel_for(end - begin, grain, [&](int64_t first, int64_t last) {
    for (int64_t i = begin + first; i < begin + last; ++i) copy(i, routes.rows[static_cast<size_t>(i)]);
  });
}

/// Rows of x, in the order of their experts: [rows, K].
Result<Tensor> gather(const KernelContext& context, const Tensor& x, const Routes& routes, int64_t experts_of_token) {
  HEARTH_ASSIGN_OR_RETURN(const Tensor from, row_major_as(*context.pool, x, x.dtype()));
  const auto rows = static_cast<int64_t>(routes.rows.size());
  const int64_t depth = x.size(x.rank() - 1);
  HEARTH_ASSIGN_OR_RETURN(const Tensor sorted, context.pool->empty(x.dtype(), Dimensions{rows, depth}));
  const int64_t shared_by = x.rank() == 2 ? experts_of_token : 1;
  const size_t bytes = static_cast<size_t>(depth) * static_cast<size_t>(dtype_bits(x.dtype())) / 8;
  for_each_row(context, routes, 0, rows, bytes, [&](int64_t i, int64_t row) {
    std::memcpy(sorted.data_as<std::byte>() + static_cast<size_t>(i) * bytes,
                from.data_as<std::byte>() + static_cast<size_t>(row / shared_by) * bytes, bytes);
  });
  return sorted;
}

Result<Tensor> rows_of(const Tensor& matrix, int64_t begin, int64_t count) {
  return view_of(matrix, Dimensions{count, matrix.size(1)}, matrix.strides(),
                 matrix.offset() + begin * matrix.stride(0));
}

Result<Tensor> multiply(const KernelContext& context, const Tensor& rows, const ExpertWeights& weights, int64_t expert,
                        const Tensor& bias) {
  HEARTH_ASSIGN_OR_RETURN(const Tensor matrix, weights_of_expert(weights, expert));
  Tensor added;
  if (bias.defined()) {
    HEARTH_ASSIGN_OR_RETURN(added, view_of(bias, bias.shape().subspan(1), bias.strides().subspan(1),
                                           bias.offset() + expert * bias.stride(0)));
  }
  if (!weights.format) return linear(context, rows, matrix, added, Tensor(), Activation::kNone);
  return block_linear(context, rows, {matrix, *weights.format, weights.columns}, added, Tensor(), Activation::kNone);
}

}  // namespace

Status check_experts(const Tensor& x, const Tensor& experts, const ExpertWeights& weights, const Tensor& bias) {
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "x", x));
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "experts", experts));
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "weight", weights.data));
  if (experts.rank() != 2 || (experts.dtype() != DType::kInt64 && experts.dtype() != DType::kInt32)) {
    return invalid_argument("{}: experts is {}, expected int64 or int32 [tokens, experts of each]", kOp,
                            describe(experts));
  }
  const bool fits = (x.rank() == 2 || (x.rank() == 3 && x.size(1) == experts.size(1))) && x.size(0) == experts.size(0);
  if (!fits) return invalid_argument("{}: x {} does not fit experts {}", kOp, describe(x), describe(experts));
  const Tensor& data = weights.data;
  const int64_t depth = x.size(x.rank() - 1);
  if (data.rank() != (weights.format ? 4 : 3)) {
    return invalid_argument("{}: weight is {}, expected a matrix for each expert", kOp, describe(data));
  }
  if (!weights.format) {
    HEARTH_RETURN_IF_ERROR(check_shape(kOp, "weight", data, Dimensions{data.size(0), weights.columns, depth}));
    HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "weight", data, x.dtype()));
  } else if (!data.is_contiguous()) {
    return invalid_argument("{}: weight is {}, but must be row-major", kOp, describe(data));
  } else if (data.size(0) > 0) {
    HEARTH_ASSIGN_OR_RETURN(const Tensor first, weights_of_expert(weights, 0));
    HEARTH_RETURN_IF_ERROR(check_block_weights(kOp, {first, *weights.format, weights.columns}, depth));
  }
  if (!bias.defined()) return {};
  if (bias.dtype() != DType::kFloat32) HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "bias", bias, x.dtype()));
  return check_shape(kOp, "bias", bias, Dimensions{data.size(0), weights.columns});
}

Result<Tensor> weights_of_expert(const ExpertWeights& weights, int64_t index) {
  const Tensor& data = weights.data;
  return view_of(data, data.shape().subspan(1), data.strides().subspan(1), data.offset() + index * data.stride(0));
}

Result<Tensor> experts_linear(const KernelContext& context, const Tensor& x, const Tensor& experts,
                              const ExpertWeights& weights, const Tensor& bias) {
  HEARTH_RETURN_IF_ERROR(check_experts(x, experts, weights, bias));
  HEARTH_ASSIGN_OR_RETURN(const Tensor numbers, row_major_as(*context.pool, experts, DType::kInt64));
  HEARTH_ASSIGN_OR_RETURN(
      const Routes routes,
      sort_by_expert({numbers.data_as<int64_t>(), static_cast<size_t>(numbers.element_count())}, weights.data.size(0)));
  HEARTH_ASSIGN_OR_RETURN(
      const Tensor y, context.pool->empty(x.dtype(), Dimensions{experts.size(0), experts.size(1), weights.columns}));
  HEARTH_ASSIGN_OR_RETURN(const Tensor sorted, gather(context, x, routes, experts.size(1)));
  const size_t bytes = static_cast<size_t>(weights.columns) * static_cast<size_t>(dtype_bits(x.dtype())) / 8;
  for (int64_t expert = 0; expert < weights.data.size(0); ++expert) {
    if (routes.count(expert) == 0) continue;
    const int64_t begin = routes.begin[static_cast<size_t>(expert)];
    HEARTH_ASSIGN_OR_RETURN(const Tensor rows, rows_of(sorted, begin, routes.count(expert)));
    HEARTH_ASSIGN_OR_RETURN(const Tensor products, multiply(context, rows, weights, expert, bias));
    for_each_row(context, routes, begin, begin + routes.count(expert), bytes, [&](int64_t i, int64_t row) {
      std::memcpy(y.data_as<std::byte>() + static_cast<size_t>(row) * bytes,
                  products.data_as<std::byte>() + static_cast<size_t>(i - begin) * bytes, bytes);
    });
  }
  return y;
}

}  // namespace hearth
