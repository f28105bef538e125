#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "hal/device.h"
#include "hal/memory_pool.h"
#include "kernels/context.h"
#include "kernels/cpu/micro_kernels.h"
#include "tensor/copy.h"
#include "tensor/layout.h"

namespace hearth {

/// A context with a team of its own.
class TestContext {
 public:
  explicit TestContext(int threads) : team_(threads), pool_(MemoryPool::create(*open_device("cpu"))) {}
  KernelContext get() { return {&team_, pool_.get(), &packed_}; }

 private:
  ThreadTeam team_;
  std::shared_ptr<MemoryPool> pool_;
  PackedWeights packed_;
};

/// Runs `body(context, first_seed)` for every instruction set of this machine with teams of one, two and three. Seeds
/// from `first_seed` on are that path's own.
template <typename Body>
void for_each_path(Body body) {
  constexpr uint32_t kSeedsOfPath = 10000;
  uint32_t first_seed = 0;
  for (const MicroKernels& kernels : available_micro_kernels()) {
    for (const int threads : {1, 2, 3}) {
      SCOPED_TRACE(std::string(kernels.name) + " with " + std::to_string(threads) + " threads");
      const ScopedMicroKernels scope(kernels);
      TestContext context(threads);
      body(context.get(), first_seed);
      first_seed += kSeedsOfPath;
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

/// Memory that says it is constant, as weights are. It lives until the program ends, because packed forms are found by
/// its address.
class ConstantStorage final : public Storage {
 public:
  static StorageRef copy_of(const Tensor& tensor) {
    static std::vector<StorageRef> kept;
    const Storage& from = *tensor.storage().get();
    auto* data = new std::byte[from.size()];
    std::copy(from.data(), from.data() + from.size(), data);
    return kept.emplace_back(new ConstantStorage(data, from.size()));
  }

 private:
  ConstantStorage(std::byte* data, size_t size) : Storage(data, size, /*constant=*/true) {}
  void dispose() override {
    delete[] data();
    delete this;
  }
};

/// Dtypes of half the width, and the relative error of rounding to them.
struct HalfPrecision {
  DType dtype;
  double rounding;
};
inline constexpr std::array<HalfPrecision, 2> kHalfPrecisions{{{DType::kBFloat16, 0x1p-8}, {DType::kFloat16, 0x1p-11}}};

/// Draws the shapes, layouts and values of a test; the seed is in every failure's trace.
class Draw {
 public:
  explicit Draw(uint32_t seed) : generator_(seed) {}

  int64_t from(std::initializer_list<int64_t> choices) {
    return choices.begin()[std::uniform_int_distribution<size_t>(0, choices.size() - 1)(generator_)];
  }
  bool chance(double probability) { return std::bernoulli_distribution(probability)(generator_); }
  Activation activation() { return static_cast<Activation>(from({0, 0, 0, 1, 2, 3, 4, 5, 6})); }

  /// Values in [-1, 1) in memory whose order of dimensions is `order`, outermost first, sometimes with gaps.
  Tensor tensor(const std::vector<int64_t>& shape, std::vector<int> order = {}) {
    if (order.empty()) {
      order.resize(shape.size());
      std::iota(order.begin(), order.end(), 0);
    }
    std::vector<int64_t> roomy = shape;
    if (!shape.empty() && chance(0.2)) roomy[static_cast<size_t>(order.back())] += from({1, 3, 16});
    std::vector<int64_t> strides(shape.size());
    dense_strides(roomy, order, strides);
    const Tensor made = *Tensor::empty_strided(DType::kFloat32, roomy, strides);
    std::uniform_real_distribution<float> values(-1, 1);
    auto* data = made.data_as<float>();
    std::generate(data, data + made.storage()->size() / sizeof(float), [&] { return values(generator_); });
    return *Tensor::view(made.storage(), DType::kFloat32, shape, strides, 0);
  }
  Tensor any_order(const std::vector<int64_t>& shape) {
    std::vector<int> order(shape.size());
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), generator_);
    return tensor(shape, order);
  }
  Tensor channels_last(const std::vector<int64_t>& shape) {
    std::vector<int> order{0};
    for (size_t i = 2; i < shape.size(); ++i) order.push_back(static_cast<int>(i));
    order.push_back(1);
    return tensor(shape, order);
  }
  /// Half of the time the same elements in constant memory.
  Tensor perhaps_constant(const Tensor& tensor) {
    if (chance(0.5)) return tensor;
    return *Tensor::view(ConstantStorage::copy_of(tensor), tensor.dtype(), tensor.shape(), tensor.strides(),
                         tensor.offset());
  }

 private:
  std::mt19937 generator_;
};

/// The elements in row-major order, whatever the strides.
inline std::vector<float> elements(const Tensor& tensor) {
  std::vector<float> values(static_cast<size_t>(tensor.element_count()));
  for (size_t i = 0; i < values.size(); ++i) {
    auto rest = static_cast<int64_t>(i);
    int64_t offset = 0;
    for (int d = tensor.rank() - 1; d >= 0; --d) {
      offset += rest % tensor.size(d) * tensor.stride(d);
      rest /= tensor.size(d);
    }
    values[i] = tensor.data_as<float>()[offset];
  }
  return values;
}

/// `tensor` in another dtype with the same strides, constant when it was; an undefined one as it is.
inline Tensor in_dtype(const Tensor& tensor, DType dtype) {
  if (!tensor.defined()) return tensor;
  const Tensor converted = *Tensor::empty_strided(dtype, tensor.shape(), tensor.strides());
  EXPECT_TRUE(copy_strided(converted, tensor).ok());
  if (!tensor.storage()->is_constant()) return converted;
  return *Tensor::view(ConstantStorage::copy_of(converted), dtype, tensor.shape(), tensor.strides(), 0);
}

/// The same values as `dtype` can hold them, in float32.
inline Tensor rounded_to(const Tensor& tensor, DType dtype) {
  return in_dtype(in_dtype(tensor, dtype), DType::kFloat32);
}

/// Compares with the reference; `depth` products of values below 1 were summed for each element, and the result
/// rounded with a relative error of `rounding` at most.
inline void expect_close(const Tensor& actual, const Tensor& expected, int64_t depth, double rounding = 0) {
  ASSERT_TRUE(std::ranges::equal(actual.shape(), expected.shape()))
      << describe(actual) << " instead of " << describe(expected);
  ASSERT_TRUE(same_layout(actual.shape(), actual.strides(), expected.strides()));
  const double tolerance = 2e-6 * std::sqrt(static_cast<double>(depth) + 1) + rounding;
  const std::vector<float> a = elements(actual);
  const std::vector<float> e = elements(expected);
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(e[i]) && std::isnan(a[i])) continue;
    if (a[i] == e[i]) continue;
    ASSERT_LE(std::abs(a[i] - e[i]), tolerance * (1 + std::abs(e[i]))) << "at element " << i << ", expected " << e[i];
  }
}

}  // namespace hearth
