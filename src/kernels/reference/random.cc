#include "kernels/random.h"

#include <atomic>
#include <cmath>
#include <mutex>
#include <numbers>
#include <utility>

#include "base/errors.h"
#include "kernels/operands.h"
#include "kernels/philox.h"
#include "kernels/strided_walk.h"
#include "kernels/visit.h"

namespace hearth {
namespace {

constexpr int64_t kElementsWorthAThread = 4096;

/// The process's sequence.
struct Sequence {
  std::mutex mutex;
  uint64_t seed = 0;
  uint64_t next = 0;
};

Sequence& sequence() {
  static Sequence instance;
  return instance;
}

/// Counters that one call may use: one for each element.
struct Draw {
  Philox philox;
  uint64_t first;

  static Draw take(int64_t count) {
    Sequence& shared = sequence();
    const std::lock_guard lock(shared.mutex);
    return {Philox(shared.seed), std::exchange(shared.next, shared.next + static_cast<uint64_t>(count))};
  }

  Philox::Block block(int64_t element) const { return philox(first + static_cast<uint64_t>(element)); }
  uint64_t word(int64_t element) const {
    const Philox::Block words = block(element);
    return uint64_t{words[0]} << 32 | words[1];
  }
  /// In [0, 1), 53 bits.
  double uniform(int64_t element) const { return static_cast<double>(word(element) >> 11) * 0x1p-53; }
  /// Standard normal by Box and Muller.
  double normal(int64_t element) const {
    const Philox::Block words = block(element);
    const double radius = (static_cast<double>(uint64_t{words[0]} << 21 | words[1] >> 11) + 0.5) * 0x1p-53;
    const double turn = static_cast<double>(uint64_t{words[2]} << 21 | words[3] >> 11) * 0x1p-53;
    return std::sqrt(-2 * std::log(radius)) * std::cos(2 * std::numbers::pi * turn);
  }
};

/// element = make(number, offsets), numbers in row-major order.
template <typename T, typename Make>
void fill(const KernelContext& context, const Tensor& tensor, Make make) {
  const StridedWalk<1> walk(tensor.shape(), {tensor.strides()});
  T* to = tensor.data_as<T>();
  context.team->parallel_for(walk.count(), kElementsWorthAThread, [&](int64_t begin, int64_t end) {
    walk.run(begin, end, [&](int64_t number, const auto& at) { to[at[0]] = make(number); });
  });
}

/// The same for floating dtypes, from doubles.
template <typename Make>
Status fill_floating(std::string_view op, const KernelContext& context, const Tensor& tensor, Make make) {
  HEARTH_RETURN_IF_ERROR(check_defined(op, "self", tensor));
  return visit_floating_dtype(op, tensor.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    fill<T>(context, tensor, [&](int64_t number) { return static_cast<T>(static_cast<Compute<T>>(make(number))); });
    return {};
  });
}

}  // namespace

void set_seed(uint64_t seed) {
  Sequence& shared = sequence();
  const std::lock_guard lock(shared.mutex);
  shared.seed = seed;
  shared.next = 0;
}

Status fill_uniform(const KernelContext& context, const Tensor& tensor, double low, double high) {
  if (!(low <= high)) return invalid_argument("uniform: [{}, {}) is not a range", low, high);
  const Draw draw = Draw::take(tensor.element_count());
  HEARTH_RETURN_IF_ERROR(check_defined("uniform", "self", tensor));
  return visit_floating_dtype("uniform", tensor.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    // As many bits as T holds: rounding more of them up would reach `high`.
    constexpr int kBits = std::is_same_v<T, double>    ? 53
                          : std::is_same_v<T, float>   ? 24
                          : std::is_same_v<T, Float16> ? 11
                                                       : 8;
    const double unit = std::ldexp(1.0, -kBits);
    fill<T>(context, tensor, [&](int64_t number) {
      const double fraction = static_cast<double>(draw.word(number) >> (64 - kBits)) * unit;
      return static_cast<T>(static_cast<Compute<T>>(low + fraction * (high - low)));
    });
    return {};
  });
}

Status fill_normal(const KernelContext& context, const Tensor& tensor, double mean, double deviation) {
  if (!(deviation >= 0)) return invalid_argument("normal: std is {}, expected at least 0", deviation);
  const Draw draw = Draw::take(tensor.element_count());
  return fill_floating("normal", context, tensor,
                       [&](int64_t number) { return mean + deviation * draw.normal(number); });
}

Status fill_exponential(const KernelContext& context, const Tensor& tensor, double rate) {
  if (!(rate > 0)) return invalid_argument("exponential: lambd is {}, expected more than 0", rate);
  const Draw draw = Draw::take(tensor.element_count());
  return fill_floating("exponential", context, tensor,
                       [&](int64_t number) { return -std::log1p(-draw.uniform(number)) / rate; });
}

Status fill_integers(const KernelContext& context, const Tensor& tensor, int64_t low, int64_t high) {
  HEARTH_RETURN_IF_ERROR(check_defined("randint", "out", tensor));
  if (low >= high) return invalid_argument("randint: [{}, {}) has no whole number", low, high);
  const Draw draw = Draw::take(tensor.element_count());
  const uint64_t range = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  return visit_real_dtype(tensor.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    fill<T>(context, tensor, [&](int64_t number) {
      const auto value = static_cast<int64_t>(static_cast<uint64_t>(low) + draw.word(number) % range);
      return static_cast<T>(static_cast<std::conditional_t<is_floating_type<T>, Compute<T>, int64_t>>(value));
    });
    return {};
  });
}

Status fill_bernoulli(const KernelContext& context, const Tensor& tensor, double probability) {
  HEARTH_RETURN_IF_ERROR(check_defined("bernoulli", "self", tensor));
  if (!(probability >= 0 && probability <= 1)) {
    return invalid_argument("bernoulli: p is {}, expected 0 to 1", probability);
  }
  const Draw draw = Draw::take(tensor.element_count());
  return visit_real_dtype(tensor.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    fill<T>(context, tensor,
            [&](int64_t number) { return static_cast<T>(draw.uniform(number) < probability ? 1 : 0); });
    return {};
  });
}

Status fill_bernoulli(const KernelContext& context, const Tensor& tensor, const Tensor& probability) {
  HEARTH_ASSIGN_OR_RETURN(const Tensor broadcast, expand("bernoulli", "p", probability, tensor.shape()));
  HEARTH_ASSIGN_OR_RETURN(const Tensor chances, row_major_as(*context.pool, broadcast, DType::kFloat64));
  const auto* chance = chances.data_as<double>();
  const Draw draw = Draw::take(tensor.element_count());
  return visit_real_dtype(tensor.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    fill<T>(context, tensor,
            [&](int64_t number) { return static_cast<T>(draw.uniform(number) < chance[number] ? 1 : 0); });
    return {};
  });
}

Result<Tensor> random_permutation(const KernelContext& context, int64_t n, DType dtype) {
  if (n < 0) return invalid_argument("randperm: n is {}", n);
  HEARTH_ASSIGN_OR_RETURN(const Tensor order, context.pool->empty(DType::kInt64, std::span(&n, 1)));
  auto* values = order.data_as<int64_t>();
  const Draw draw = Draw::take(n);
  for (int64_t i = 0; i < n; ++i) values[i] = i;
  for (int64_t i = n - 1; i > 0; --i) {
    std::swap(values[i], values[draw.word(i) % static_cast<uint64_t>(i + 1)]);
  }
  if (dtype == DType::kInt64) return order;
  return row_major_as(*context.pool, order, dtype);
}

}  // namespace hearth
