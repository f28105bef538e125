#include "kernels/scan.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/errors.h"
#include "kernels/operands.h"
#include "kernels/strided_walk.h"
#include "kernels/visit.h"
#include "tensor/copy.h"

namespace hearth {
namespace {

constexpr int64_t kElementsWorthAThread = 8192;

/// What running results of T are kept in.
template <typename T>
using Running = std::conditional_t<std::is_same_v<T, float>, double,
                                   std::conditional_t<std::is_integral_v<T>, int64_t, Compute<T>>>;

/// Calls scan(from, from_stride, to offset, to_stride) for each line, shared out over the team.
template <typename Scan>
Status for_each_line(std::string_view op, const KernelContext& context, const Tensor& from, const Tensor& to,
                     int64_t dimension, Scan scan) {
  HEARTH_ASSIGN_OR_RETURN(const int d, wrap_dimension(op, dimension, from.rank()));
  const Tensor source = at_least_1d(from);
  const Tensor target = at_least_1d(to);
  const StridedWalk<2> lines(source.shape(), {source.strides(), target.strides()}, d);
  const int64_t length = source.size(d);
  const int64_t grain = std::max<int64_t>(kElementsWorthAThread / std::max<int64_t>(length, 1), 1);
  context.team->parallel_for(lines.count(), grain, [&](int64_t begin, int64_t end) {
    lines.run(begin, end,
              [&](int64_t, const auto& at) { scan(at[0], source.stride(d), at[1], target.stride(d), length); });
  });
  return {};
}

/// to[i] = running value after join(running, from[i]) from `start` on.
template <typename T, typename Join>
Result<Tensor> scan_as(std::string_view op, const KernelContext& context, const Tensor& self, int64_t dimension,
                       Running<T> start, Join join) {
  HEARTH_ASSIGN_OR_RETURN(const Tensor result, context.pool->empty(self.dtype(), self.shape()));
  const T* source = self.data_as<T>();
  T* target = result.data_as<T>();
  HEARTH_RETURN_IF_ERROR(
      for_each_line(op, context, self, result, dimension,
                    [&](int64_t from, int64_t from_stride, int64_t to, int64_t to_stride, int64_t length) {
                      Running<T> running = start;
                      for (int64_t i = 0; i < length; ++i) {
                        running = join(running, static_cast<Running<T>>(source[from + i * from_stride]));
                        target[to + i * to_stride] = static_cast<T>(running);
                      }
                    }));
  return result;
}

/// Sums and products, in `dtype` or its default.
template <typename Join>
Result<Tensor> accumulate(std::string_view op, const KernelContext& context, const Tensor& self, int64_t dimension,
                          std::optional<DType> dtype, int start, Join join) {
  HEARTH_RETURN_IF_ERROR(check_defined(op, "self", self));
  const DType wanted = dtype.value_or(is_floating(self.dtype()) ? self.dtype() : DType::kInt64);
  Tensor source = self;
  if (self.dtype() != wanted) {
    HEARTH_ASSIGN_OR_RETURN(source, row_major_as(*context.pool, self, wanted));
  }
  return visit_real_dtype(wanted, [&]<typename T>(TypeTag<T>) -> Result<Tensor> {
    return scan_as<T>(op, context, source, dimension, static_cast<Running<T>>(start), join);
  });
}

/// precedes(a, b): b takes over from a.
template <typename Precedes>
Result<std::pair<Tensor, Tensor>> extreme(std::string_view op, const KernelContext& context, const Tensor& self,
                                          int64_t dimension, Precedes precedes) {
  HEARTH_RETURN_IF_ERROR(check_defined(op, "self", self));
  std::pair<Tensor, Tensor> results;
  HEARTH_ASSIGN_OR_RETURN(results.first, context.pool->empty(self.dtype(), self.shape()));
  HEARTH_ASSIGN_OR_RETURN(results.second, context.pool->empty(DType::kInt64, self.shape()));
  auto* positions = results.second.data_as<int64_t>();
  HEARTH_RETURN_IF_ERROR(visit_real_dtype(self.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    const T* source = self.data_as<T>();
    T* target = results.first.data_as<T>();
    return for_each_line(op, context, self, results.first, dimension,
                         [&](int64_t from, int64_t from_stride, int64_t to, int64_t to_stride, int64_t length) {
                           int64_t best = 0;
                           for (int64_t i = 0; i < length; ++i) {
                             const T value = source[from + i * from_stride];
                             const T leader = source[from + best * from_stride];
                             if (is_nan(value) || (!is_nan(leader) && precedes(leader, value))) best = i;
                             target[to + i * to_stride] = source[from + best * from_stride];
                             positions[to + i * to_stride] = best;
                           }
                         });
  }));
  return results;
}

/// log(e^a + e^b)
template <typename T>
T add_logarithms(T a, T b) {
  const T least = is_nan(a) || a < b ? a : b;
  const T most = is_nan(a) || a > b ? a : b;
  if (least == most && !std::isfinite(least)) return most;  // Their difference would be NaN.
  return most + std::log1p(std::exp(least - most));
}

}  // namespace

Result<Tensor> cumulative_sum(const KernelContext& context, const Tensor& self, int64_t dimension,
                              std::optional<DType> dtype) {
  // Integers wrap around, as PyTorch's do.
  return accumulate("cumsum", context, self, dimension, dtype, 0, []<typename T>(T a, T b) {
    if constexpr (std::is_integral_v<T>) return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
    return static_cast<T>(a + b);
  });
}

Result<Tensor> cumulative_product(const KernelContext& context, const Tensor& self, int64_t dimension,
                                  std::optional<DType> dtype) {
  return accumulate("cumprod", context, self, dimension, dtype, 1, []<typename T>(T a, T b) {
    if constexpr (std::is_integral_v<T>) return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
    return static_cast<T>(a * b);
  });
}

Result<Tensor> cumulative_logsumexp(const KernelContext& context, const Tensor& self, int64_t dimension) {
  HEARTH_RETURN_IF_ERROR(check_defined("logcumsumexp", "self", self));
  return visit_floating_dtype("logcumsumexp", self.dtype(), [&]<typename T>(TypeTag<T>) -> Result<Tensor> {
    constexpr auto kNothing = -std::numeric_limits<Running<T>>::infinity();
    return scan_as<T>("logcumsumexp", context, self, dimension, kNothing, add_logarithms<Running<T>>);
  });
}

Result<std::pair<Tensor, Tensor>> cumulative_maximum(const KernelContext& context, const Tensor& self,
                                                     int64_t dimension) {
  return extreme("cummax", context, self, dimension, [](auto leader, auto value) { return value >= leader; });
}

Result<std::pair<Tensor, Tensor>> cumulative_minimum(const KernelContext& context, const Tensor& self,
                                                     int64_t dimension) {
  return extreme("cummin", context, self, dimension, [](auto leader, auto value) { return value <= leader; });
}

}  // namespace hearth
