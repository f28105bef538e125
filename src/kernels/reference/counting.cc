#include "kernels/counting.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <vector>

#include "base/checked.h"
#include "base/errors.h"
#include "kernels/operands.h"
#include "kernels/shape_ops.h"
#include "kernels/visit.h"

namespace hearth {
namespace {

/// The order of dimensions in which number `from` comes to stand at `to`.
Dimensions moved_to(int rank, int from, int to) {
  Dimensions order(static_cast<size_t>(rank));
  std::iota(order.begin(), order.end(), 0);
  order.erase(order.begin() + from);
  order.insert(order.begin() + to, from);
  return order;
}

/// Positions of slices, in an order where equal ones are neighbours.
using Order = std::vector<int64_t>;

/// What is told apart: rows of a row-major tensor, elements when `width` is 1.
struct Slices {
  Tensor dense;
  int64_t count = 0;
  int64_t width = 1;
};

/// All elements of self, or its slices along a dimension.
Result<Slices> read_slices(const KernelContext& context, const Tensor& self, std::optional<int> dimension) {
  Slices slices;
  Tensor rows = self;
  if (dimension) {
    HEARTH_ASSIGN_OR_RETURN(rows, permute(self, moved_to(self.rank(), *dimension, 0)));
  }
  HEARTH_ASSIGN_OR_RETURN(slices.dense, row_major_as(*context.pool, rows, self.dtype()));
  slices.count = dimension ? self.size(*dimension) : self.element_count();
  slices.width = slices.count == 0 ? 1 : self.element_count() / slices.count;
  return slices;
}

/// -1, 0 or 1 as slice `a` comes before, with or after `b`. NaN equals nothing, and comes after every number.
template <typename T>
int compare(const T* elements, int64_t width, int64_t a, int64_t b) {
  if (a == b) return 0;
  for (int64_t i = 0; i < width; ++i) {
    const T first = elements[a * width + i];
    const T second = elements[b * width + i];
    if (first == second) continue;
    if (first < second || (!is_nan(first) && is_nan(second))) return -1;
    return second < first || is_nan(first) != is_nan(second) || a > b ? 1 : -1;
  }
  return 0;
}

/// The order of sorted slices: equal ones as they stand.
template <typename T>
bool precedes(const T* elements, int64_t width, int64_t a, int64_t b) {
  const int order = compare(elements, width, a, b);
  return order < 0 || (order == 0 && a < b);
}

/// Gathers runs of equal slices in `order`: the slices, [runs, width].
template <typename T>
Result<UniqueValues> gather_runs(const KernelContext& context, const Slices& slices, const Order& order, bool inverse,
                                 bool counts) {
  const T* elements = slices.dense.data_as<T>();
  std::vector<int64_t> starts;
  for (size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || compare(elements, slices.width, order[i - 1], order[i]) != 0) {
      starts.push_back(static_cast<int64_t>(i));
    }
  }
  const auto run_count = static_cast<int64_t>(starts.size());
  const auto end_of = [&](size_t run) {
    return run + 1 < starts.size() ? starts[run + 1] : static_cast<int64_t>(order.size());
  };
  UniqueValues result;
  auto& [values, positions, lengths] = result;
  HEARTH_ASSIGN_OR_RETURN(values, context.pool->empty(slices.dense.dtype(), Dimensions{run_count, slices.width}));
  HEARTH_ASSIGN_OR_RETURN(positions, context.pool->empty(DType::kInt64, Dimensions{inverse ? slices.count : 0}));
  HEARTH_ASSIGN_OR_RETURN(lengths, context.pool->empty(DType::kInt64, Dimensions{counts ? run_count : 0}));
  for (size_t run = 0; run < starts.size(); ++run) {
    const int64_t first = order[static_cast<size_t>(starts[run])];
    std::copy_n(elements + first * slices.width, slices.width,
                values.data_as<T>() + static_cast<int64_t>(run) * slices.width);
    if (counts) lengths.data_as<int64_t>()[run] = end_of(run) - starts[run];
    for (int64_t i = starts[run]; inverse && i < end_of(run); ++i) {
      positions.data_as<int64_t>()[order[static_cast<size_t>(i)]] = static_cast<int64_t>(run);
    }
  }
  return result;
}

Result<UniqueValues> unique(const KernelContext& context, const Tensor& self, std::optional<int64_t> dimension,
                            bool sorted, bool inverse, bool counts) {
  HEARTH_RETURN_IF_ERROR(check_defined("unique", "self", self));
  std::optional<int> along;
  if (dimension && self.rank() > 0) {
    HEARTH_ASSIGN_OR_RETURN(along, wrap_dimension("unique", *dimension, self.rank()));
  }
  HEARTH_ASSIGN_OR_RETURN(const Slices slices, read_slices(context, self, along));
  Order order(static_cast<size_t>(slices.count));
  std::iota(order.begin(), order.end(), 0);
  HEARTH_ASSIGN_OR_RETURN(
      UniqueValues result, visit_real_dtype(self.dtype(), [&]<typename T>(TypeTag<T>) -> Result<UniqueValues> {
        const T* elements = slices.dense.data_as<T>();
        if (sorted) {
          std::ranges::sort(order, [&](int64_t a, int64_t b) { return precedes(elements, slices.width, a, b); });
        }
        return gather_runs<T>(context, slices, order, inverse, counts);
      }));
  auto& [values, positions, lengths] = result;
  const int64_t runs = values.size(0);
  if (!along) {
    HEARTH_ASSIGN_OR_RETURN(values, reshape(context, values, Dimensions{runs}));
    if (!inverse) return result;
    HEARTH_ASSIGN_OR_RETURN(positions, reshape(context, positions, self.shape()));
    return result;
  }
  Dimensions shape = to_dimensions(self.shape());
  shape.erase(shape.begin() + *along);
  shape.insert(shape.begin(), runs);
  HEARTH_ASSIGN_OR_RETURN(const Tensor rows, reshape(context, values, shape));
  HEARTH_ASSIGN_OR_RETURN(const Tensor placed, permute(rows, moved_to(self.rank(), 0, *along)));
  HEARTH_ASSIGN_OR_RETURN(values, row_major_as(*context.pool, placed, self.dtype()));
  return result;
}

/// Numbers that are counted, checked: row-major int64.
Result<Tensor> check_numbers(const KernelContext& context, const Tensor& self, const Tensor& weights) {
  constexpr std::string_view kOp = "bincount";
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "self", self));
  if (self.rank() != 1 || is_floating(self.dtype())) {
    return invalid_argument("{}: a list of integers is needed, self is {}", kOp, describe(self));
  }
  if (weights.defined()) HEARTH_RETURN_IF_ERROR(check_shape(kOp, "weights", weights, self.shape()));
  HEARTH_ASSIGN_OR_RETURN(Tensor numbers, row_major_as(*context.pool, self, DType::kInt64));
  const std::span values(numbers.data_as<int64_t>(), static_cast<size_t>(numbers.element_count()));
  if (std::ranges::any_of(values, [](int64_t value) { return value < 0; })) {
    return invalid_argument("{}: there are negative numbers", kOp);
  }
  return numbers;
}

/// counts[numbers[i]] += amount(i) over zeros.
template <typename T, typename Amount>
Result<Tensor> count_as(const KernelContext& context, DType dtype, std::span<const int64_t> numbers, int64_t bins,
                        Amount amount) {
  HEARTH_ASSIGN_OR_RETURN(Tensor counts, context.pool->empty(dtype, Dimensions{bins}));
  T* target = counts.data_as<T>();
  std::fill_n(target, bins, T{});
  for (size_t i = 0; i < numbers.size(); ++i) target[numbers[i]] += amount(i);
  return counts;
}

}  // namespace

Result<UniqueValues> unique_values(const KernelContext& context, const Tensor& self, std::optional<int64_t> dimension,
                                   bool inverse, bool counts) {
  return unique(context, self, dimension, /*sorted=*/true, inverse, counts);
}

Result<UniqueValues> unique_runs(const KernelContext& context, const Tensor& self, std::optional<int64_t> dimension,
                                 bool inverse, bool counts) {
  return unique(context, self, dimension, /*sorted=*/false, inverse, counts);
}

Result<Tensor> count_bins(const KernelContext& context, const Tensor& self, const Tensor& weights, int64_t least_bins) {
  HEARTH_ASSIGN_OR_RETURN(const Tensor checked, check_numbers(context, self, weights));
  const std::span numbers(checked.data_as<int64_t>(), static_cast<size_t>(checked.element_count()));
  int64_t bins = std::max<int64_t>(least_bins, 0);
  for (const int64_t number : numbers) {
    if (number == INT64_MAX) return invalid_argument("bincount: {} is too large", number);
    bins = std::max(bins, number + 1);
  }
  if (!weights.defined()) {
    return count_as<int64_t>(context, DType::kInt64, numbers, bins, [](size_t) { return int64_t{1}; });
  }
  const DType dtype = weights.dtype() == DType::kFloat32 ? DType::kFloat32 : DType::kFloat64;
  HEARTH_ASSIGN_OR_RETURN(const Tensor amounts, row_major_as(*context.pool, weights, dtype));
  if (dtype == DType::kFloat32) {
    return count_as<float>(context, dtype, numbers, bins, [&](size_t i) { return amounts.data_as<float>()[i]; });
  }
  return count_as<double>(context, dtype, numbers, bins, [&](size_t i) { return amounts.data_as<double>()[i]; });
}

}  // namespace hearth
