// Kernels as nvcc (data/kernels.cu) and Triton (data/triton_kernels.py) compile them, against the same computed here.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <random>
#include <sstream>

#include "emulated_cuda/ptx/floating_point.h"
#include "emulated_cuda/ptx/testing/test_device.h"

namespace hearth::ptx {
namespace {

std::string read(const std::string& name) {
  std::ifstream file(std::string(PTX_DATA) + "/" + name);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

std::vector<float> normal(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> distribution;
  std::vector<float> values(count);
  for (float& value : values) value = distribution(random);
  return values;
}

std::vector<uint16_t> bfloats(std::vector<float>& values) {
  std::vector<uint16_t> bits;
  for (float& value : values) {
    bits.push_back(to_bfloat(value));
    value = from_bfloat(bits.back());
  }
  return bits;
}

// c[rows, columns] = a[rows, depth] · b[depth, columns].
std::vector<double> product(const std::vector<float>& a, const std::vector<float>& b, size_t rows, size_t depth,
                            size_t columns) {
  std::vector<double> c(rows * columns);
  for (size_t i = 0; i < rows; ++i) {
    for (size_t k = 0; k < depth; ++k) {
      for (size_t j = 0; j < columns; ++j) c[i * columns + j] += double{a[i * depth + k]} * b[k * columns + j];
    }
  }
  return c;
}

std::vector<double> softmax(const std::vector<float>& x, size_t columns) {
  std::vector<double> y(x.size());
  for (size_t begin = 0; begin < x.size(); begin += columns) {
    double most = -INFINITY;
    double total = 0;
    for (size_t i = begin; i < begin + columns; ++i) most = std::max(most, double{x[i]});
    for (size_t i = begin; i < begin + columns; ++i) total += y[i] = std::exp(x[i] - most);
    for (size_t i = begin; i < begin + columns; ++i) y[i] /= total;
  }
  return y;
}

template <typename T>
void expect_near(const std::vector<T>& values, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(values.size(), expected.size());
  for (size_t i = 0; i < values.size(); ++i) ASSERT_NEAR(values[i], expected[i], tolerance) << "element " << i;
}

class NvccKernels : public testing::TestWithParam<uint64_t> {
 protected:
  void SetUp() override { ASSERT_EQ(device_.load(read("kernels.ptx")), ""); }
  LaunchSize size(uint32_t blocks, uint32_t threads, uint32_t shared = 0) const {
    return {.blocks = blocks, .threads = threads, .dynamic_shared_bytes = shared, .seed = GetParam()};
  }
  TestDevice device_;
};

TEST_P(NvccKernels, SumByShufflesAndAtomics) {
  const std::vector<float> x = normal(3000, 1);
  const uint64_t out = device_.upload(std::vector<float>{0});
  ASSERT_EQ(device_.launch("sum", size(3, 256), Parameters(device_.upload(x), out, 3000)), "");
  double expected = 0;
  for (const float value : x) expected += value;
  EXPECT_NEAR(device_.download<float>(out, 1)[0], expected, 1e-3);
}

TEST_P(NvccKernels, MultiplyByTensorCoresThroughAsynchronousCopies) {
  std::vector<float> a = normal(64 * 96, 2);
  std::vector<float> b = normal(96 * 64, 3);
  const uint64_t c = device_.allocate(64 * 64 * 4);
  ASSERT_EQ(
      device_.launch("matmul", size(1, 128), Parameters(device_.upload(bfloats(a)), device_.upload(bfloats(b)), c, 96)),
      "");
  expect_near(device_.download<float>(c, 64 * 64), product(a, b, 64, 96, 64), 1e-4);
}

TEST_P(NvccKernels, SoftmaxOfHalves) {
  std::vector<float> x = normal(3 * 200, 4);
  std::vector<uint16_t> halves;
  for (float& value : x) {
    halves.push_back(to_half(value));
    value = from_half(halves.back());
  }
  const uint64_t y = device_.allocate(halves.size() * 2);
  ASSERT_EQ(device_.launch("softmax", size(3, 64, 64 * 4), Parameters(device_.upload(halves), y, 200)), "");
  std::vector<float> result;
  for (const uint16_t bits : device_.download<uint16_t>(y, x.size())) result.push_back(from_half(bits));
  expect_near(result, softmax(x, 200), 2e-4);
}

TEST_P(NvccKernels, HistogramByAtomicsAndALock) {
  std::mt19937 random(5);
  std::vector<uint8_t> x(700);
  std::vector<uint32_t> expected(64);
  for (uint8_t& value : x) {
    value = static_cast<uint8_t>(random() % 50);
    ++expected[value];
  }
  const uint64_t counts = device_.upload(std::vector<uint32_t>(64));
  const uint64_t rest = device_.upload(std::vector<int>{0, 0, 0});
  ASSERT_EQ(
      device_.launch("histogram", size(2, 96), Parameters(device_.upload(x), 700, counts, rest, rest + 4, rest + 8)),
      "");
  EXPECT_EQ(device_.download<uint32_t>(counts, 64), expected);
  EXPECT_EQ(device_.download<int>(rest, 3), (std::vector<int>{49, 0, 700}));
}

TEST_P(NvccKernels, DivergeCallFunctionsAndUseLocalMemory) {
  const int n = 70;
  std::mt19937 random(6);
  std::vector<int> x(n);
  for (int& value : x) value = static_cast<int>(random() % 2'000'000) - 1'000'000;
  const uint64_t y = device_.allocate(n * 8);
  ASSERT_EQ(device_.launch("mixed", size(2, 64), Parameters(device_.upload(x), y, n, 3)), "");
  const std::vector<double> result = device_.download<double>(y, n);
  for (int i = 0; i < n; ++i) {
    const int value = x[static_cast<size_t>(i)];
    const auto byte = [&](int part) { return static_cast<int8_t>(static_cast<uint32_t>(value) >> (8 * part)); };
    const auto bits = static_cast<uint32_t>(value);
    const double expected[] = {std::cbrt(std::abs(value)),
                               double(4 * byte(0) + 3 * byte(1) + 2 * byte(2) + byte(3) + 5),
                               value / 3.0,
                               double(std::popcount(bits) + 100 * std::countl_zero(bits)),
                               std::sqrt(std::abs(value)),
                               double(value % 1000 + value / 1000),
                               double(int64_t{value} * value * 3 % 1000003)};
    EXPECT_NEAR(result[static_cast<size_t>(i)], expected[i % 7], 1e-9 * (1 + std::abs(expected[i % 7]))) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, NvccKernels, testing::Values(1, 2, 3));

TEST(TritonKernels, SoftmaxOfABatch) {
  TestDevice device;
  ASSERT_EQ(device.load(read("triton_softmax.ptx")), "");
  const std::vector<float> x = normal(3 * 1000, 7);
  const uint64_t y = device.allocate(x.size() * 4);
  ASSERT_EQ(device.launch("softmax", {.blocks = 3, .threads = 128, .dynamic_shared_bytes = 16},
                          Parameters(device.upload(x), y, 1000, uint64_t{0}, uint64_t{0})),
            "");
  expect_near(device.download<float>(y, x.size()), softmax(x, 1000), 1e-6);
}

TEST(TritonKernels, LayerNormOfBfloats) {
  TestDevice device;
  ASSERT_EQ(device.load(read("triton_layernorm.ptx")), "");
  const size_t n = 500;
  std::vector<float> x = normal(2 * n, 8);
  const std::vector<float> weight = normal(n, 9);
  const std::vector<float> bias = normal(n, 10);
  const uint64_t in = device.upload(bfloats(x));
  const uint64_t y = device.allocate(x.size() * 2);
  ASSERT_EQ(device.launch("layernorm", {.blocks = 2, .threads = 128, .dynamic_shared_bytes = 1024},
                          Parameters(in, device.upload(weight), device.upload(bias), y, static_cast<int>(n), 1e-5F,
                                     uint64_t{0}, uint64_t{0})),
            "");
  std::vector<float> result;
  for (const uint16_t bits : device.download<uint16_t>(y, x.size())) result.push_back(from_bfloat(bits));
  std::vector<double> expected;
  for (size_t row = 0; row < 2; ++row) {
    double mean = 0;
    double variance = 0;
    for (size_t i = 0; i < n; ++i) mean += x[row * n + i] / static_cast<double>(n);
    for (size_t i = 0; i < n; ++i) variance += std::pow(x[row * n + i] - mean, 2) / static_cast<double>(n);
    for (size_t i = 0; i < n; ++i) {
      expected.push_back((x[row * n + i] - mean) / std::sqrt(variance + 1e-5) * weight[i] + bias[i]);
    }
  }
  expect_near(result, expected, 0.02);
}

TEST(TritonKernels, MatrixProductOfBfloats) {
  TestDevice device;
  ASSERT_EQ(device.load(read("triton_matmul.ptx")), "");
  const int m = 50;
  const int n = 48;
  const int k = 96;
  std::vector<float> a = normal(static_cast<size_t>(m * k), 11);
  std::vector<float> b = normal(static_cast<size_t>(k * n), 12);
  const uint64_t c = device.allocate(static_cast<size_t>(m * n) * 4);
  ASSERT_EQ(device.launch(
                "matmul", {.blocks = 2, .threads = 128, .dynamic_shared_bytes = 12288},
                Parameters(device.upload(bfloats(a)), device.upload(bfloats(b)), c, m, n, k, uint64_t{0}, uint64_t{0})),
            "");
  expect_near(device.download<float>(c, static_cast<size_t>(m * n)),
              product(a, b, static_cast<size_t>(m), static_cast<size_t>(k), static_cast<size_t>(n)), 1e-4);
}

}  // namespace
}  // namespace hearth::ptx
