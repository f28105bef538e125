#include "kernels/sorting.h"

#include <algorithm>
#include <vector>

#include "base/errors.h"
#include "kernels/operands.h"
#include "kernels/strided_walk.h"
#include "kernels/visit.h"

namespace hearth {
namespace {

constexpr int64_t kElementsWorthAThread = 4096;

template <typename T>
struct Entry {
  T value;
  int64_t position;
};

/// Ascending with NaN last; equal values keep their order.
template <typename T>
bool ascends(const Entry<T>& a, const Entry<T>& b) {
  if (a.value < b.value || (is_nan(b.value) && !is_nan(a.value))) return true;
  if (b.value < a.value || (is_nan(a.value) && !is_nan(b.value))) return false;
  return a.position < b.position;
}

/// Descending with NaN first; equal values keep their order.
template <typename T>
bool descends(const Entry<T>& a, const Entry<T>& b) {
  if (b.value < a.value || (is_nan(a.value) && !is_nan(b.value))) return true;
  if (a.value < b.value || (is_nan(b.value) && !is_nan(a.value))) return false;
  return a.position < b.position;
}

/// The lines of self along one dimension, and of results that have `kept` entries there.
struct LinePlan {
  Tensor self;
  int dimension = 0;
  int64_t length = 0;
};

Result<LinePlan> line_plan(std::string_view op, const Tensor& self, int64_t dimension) {
  HEARTH_RETURN_IF_ERROR(check_defined(op, "self", self));
  LinePlan plan;
  HEARTH_ASSIGN_OR_RETURN(plan.dimension, wrap_dimension(op, dimension, self.rank()));
  plan.self = at_least_1d(self);
  plan.length = plan.self.size(plan.dimension);
  return plan;
}

/// Calls select(entries), which puts the chosen ones first, for each line of self, and writes the first entries to the
/// lines of the results.
template <typename Select>
Status select_lines(const KernelContext& context, const LinePlan& plan, const SortedLines& results, Select select) {
  const Tensor values = at_least_1d(results.first);
  const Tensor positions = at_least_1d(results.second);
  const int d = plan.dimension;
  const int64_t kept = values.size(d);
  const StridedWalk<3> lines(plan.self.shape(), {plan.self.strides(), values.strides(), positions.strides()}, d);
  return visit_real_dtype(plan.self.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    const T* from = plan.self.data_as<T>();
    T* to = values.data_as<T>();
    auto* to_position = positions.data_as<int64_t>();
    const int64_t grain = std::max<int64_t>(kElementsWorthAThread / std::max<int64_t>(plan.length, 1), 1);
    context.team->parallel_for(lines.count(), grain, [&](int64_t begin, int64_t end) {
      std::vector<Entry<T>> entries(static_cast<size_t>(plan.length));
      lines.run(begin, end, [&](int64_t, const auto& at) {
        for (int64_t i = 0; i < plan.length; ++i) {
          entries[static_cast<size_t>(i)] = {from[at[0] + i * plan.self.stride(d)], i};
        }
        select(entries);
        for (int64_t i = 0; i < kept; ++i) {
          to[at[1] + i * values.stride(d)] = entries[static_cast<size_t>(i)].value;
          to_position[at[2] + i * positions.stride(d)] = entries[static_cast<size_t>(i)].position;
        }
      });
    });
    return {};
  });
}

/// Row-major results with `kept` entries in the plan's dimension of `self`, which may be a scalar.
Result<SortedLines> empty_lines(const KernelContext& context, const Tensor& self, int dimension, int64_t kept) {
  Dimensions shape = to_dimensions(self.shape());
  if (!shape.empty()) shape[static_cast<size_t>(dimension)] = kept;
  SortedLines results;
  HEARTH_ASSIGN_OR_RETURN(results.first, context.pool->empty(self.dtype(), shape));
  HEARTH_ASSIGN_OR_RETURN(results.second, context.pool->empty(DType::kInt64, shape));
  return results;
}

/// One entry a line: the dimension goes away unless it is kept.
Result<SortedLines> without_dimension(SortedLines results, const LinePlan& plan, bool keep_dimension, int rank) {
  if (keep_dimension || rank == 0) return results;
  for (Tensor* tensor : {&results.first, &results.second}) {
    Dimensions shape = to_dimensions(tensor->shape());
    Dimensions strides = to_dimensions(tensor->strides());
    shape.erase(shape.begin() + plan.dimension);
    strides.erase(strides.begin() + plan.dimension);
    HEARTH_ASSIGN_OR_RETURN(*tensor, view_of(*tensor, shape, strides, tensor->offset()));
  }
  return results;
}

template <typename T>
void put_mode_first(std::vector<Entry<T>>& entries) {
  std::ranges::sort(entries, ascends<T>);
  size_t best = 0;
  size_t best_count = 0;
  for (size_t begin = 0; begin < entries.size();) {
    size_t end = begin + 1;
    while (end < entries.size() && entries[end].value == entries[begin].value) ++end;
    if (end - begin > best_count) {
      best_count = end - begin;
      best = end - 1;
    }
    begin = end;
  }
  std::swap(entries[0], entries[best]);
}

template <typename T>
void put_median_first(std::vector<Entry<T>>& entries, bool leave_out_nan) {
  const auto numbers_end = std::ranges::partition(entries, [](const Entry<T>& e) { return !is_nan(e.value); }).begin();
  // NaN where there is one, the first.
  auto median = entries.begin();
  if (numbers_end != entries.end() && (!leave_out_nan || numbers_end == entries.begin())) {
    median = std::min_element(numbers_end, entries.end(),
                              [](const auto& a, const auto& b) { return a.position < b.position; });
  } else {
    median += (numbers_end - entries.begin() - 1) / 2;
    std::nth_element(entries.begin(), median, numbers_end, ascends<T>);
  }
  std::swap(entries[0], *median);
}

}  // namespace

Result<SortedLines> sort(const KernelContext& context, const Tensor& self, int64_t dimension, bool descending) {
  HEARTH_ASSIGN_OR_RETURN(const LinePlan plan, line_plan("sort", self, dimension));
  SortedLines results;
  HEARTH_ASSIGN_OR_RETURN(results.first, empty_like(*context.pool, self, self.dtype()));
  HEARTH_ASSIGN_OR_RETURN(results.second, empty_like(*context.pool, self, DType::kInt64));
  HEARTH_RETURN_IF_ERROR(select_lines(context, plan, results, [&]<typename T>(std::vector<Entry<T>>& entries) {
    std::ranges::sort(entries, descending ? descends<T> : ascends<T>);
  }));
  return results;
}

Result<SortedLines> top_k(const KernelContext& context, const Tensor& self, int64_t k, int64_t dimension,
                          bool largest) {
  HEARTH_ASSIGN_OR_RETURN(const LinePlan plan, line_plan("topk", self, dimension));
  if (k < 0 || k > plan.length) {
    return invalid_argument("topk: k is {}, but dimension {} of {} has {} entries", k, plan.dimension, describe(self),
                            plan.length);
  }
  HEARTH_ASSIGN_OR_RETURN(SortedLines results, empty_lines(context, self, plan.dimension, k));
  if (self.rank() == 0 && k == 0) return invalid_argument("topk: k is 0, but self is a scalar");
  HEARTH_RETURN_IF_ERROR(select_lines(context, plan, results, [&]<typename T>(std::vector<Entry<T>>& entries) {
    std::ranges::partial_sort(entries, entries.begin() + k, largest ? descends<T> : ascends<T>);
  }));
  return results;
}

Result<SortedLines> kth_value(const KernelContext& context, const Tensor& self, int64_t k, int64_t dimension,
                              bool keep_dimension) {
  HEARTH_ASSIGN_OR_RETURN(const LinePlan plan, line_plan("kthvalue", self, dimension));
  if (k < 1 || k > plan.length) {
    return invalid_argument("kthvalue: k is {}, but dimension {} of {} has {} entries", k, plan.dimension,
                            describe(self), plan.length);
  }
  HEARTH_ASSIGN_OR_RETURN(SortedLines results, empty_lines(context, self, plan.dimension, 1));
  HEARTH_RETURN_IF_ERROR(select_lines(context, plan, results, [&]<typename T>(std::vector<Entry<T>>& entries) {
    std::ranges::nth_element(entries, entries.begin() + k - 1, ascends<T>);
    std::swap(entries[0], entries[static_cast<size_t>(k - 1)]);
  }));
  return without_dimension(std::move(results), plan, keep_dimension, self.rank());
}

Result<SortedLines> mode(const KernelContext& context, const Tensor& self, int64_t dimension, bool keep_dimension) {
  HEARTH_ASSIGN_OR_RETURN(const LinePlan plan, line_plan("mode", self, dimension));
  if (plan.length == 0) return invalid_argument("mode: dimension {} of {} is empty", plan.dimension, describe(self));
  HEARTH_ASSIGN_OR_RETURN(SortedLines results, empty_lines(context, self, plan.dimension, 1));
  HEARTH_RETURN_IF_ERROR(select_lines(context, plan, results,
                                      []<typename T>(std::vector<Entry<T>>& entries) { put_mode_first(entries); }));
  return without_dimension(std::move(results), plan, keep_dimension, self.rank());
}

Result<SortedLines> median_of_lines(const KernelContext& context, const Tensor& self, int64_t dimension,
                                    bool keep_dimension, bool leave_out_nan) {
  HEARTH_ASSIGN_OR_RETURN(const LinePlan plan, line_plan("median", self, dimension));
  if (plan.length == 0) return invalid_argument("median: dimension {} of {} is empty", plan.dimension, describe(self));
  HEARTH_ASSIGN_OR_RETURN(SortedLines results, empty_lines(context, self, plan.dimension, 1));
  HEARTH_RETURN_IF_ERROR(select_lines(context, plan, results, [&]<typename T>(std::vector<Entry<T>>& entries) {
    put_median_first(entries, leave_out_nan);
  }));
  return without_dimension(std::move(results), plan, keep_dimension, self.rank());
}

Result<Tensor> median(const KernelContext& context, const Tensor& self, bool leave_out_nan) {
  HEARTH_RETURN_IF_ERROR(check_defined("median", "self", self));
  HEARTH_ASSIGN_OR_RETURN(const Tensor result, context.pool->empty(self.dtype(), {}));
  HEARTH_ASSIGN_OR_RETURN(const Tensor flat, row_major_as(*context.pool, self, self.dtype()));
  HEARTH_RETURN_IF_ERROR(visit_real_dtype(self.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    T* begin = flat.data_as<T>();
    T* end = begin + flat.element_count();
    T* numbers_end = std::partition(begin, end, [](T value) { return !is_nan(value); });
    const bool has_nan = numbers_end != end;
    if (begin == end && !is_floating(self.dtype())) return invalid_argument("median: self is {}", describe(self));
    if (begin == numbers_end || (has_nan && !leave_out_nan)) {
      *result.data_as<T>() = static_cast<T>(std::numeric_limits<float>::quiet_NaN());
      return {};
    }
    T* middle = begin + (numbers_end - begin - 1) / 2;
    std::nth_element(begin, middle, numbers_end);
    *result.data_as<T>() = *middle;
    return {};
  }));
  return result;
}

}  // namespace hearth
