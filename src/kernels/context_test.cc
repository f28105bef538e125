#include "kernels/context.h"

#include <atomic>
#include <thread>

#include "base/errors.h"
#include "kernels/cpu/kernel_test_support.h"

namespace hearth {
namespace {

Tensor constant_of(const Tensor& tensor) {
  return *Tensor::view(ConstantStorage::copy_of(tensor), tensor.dtype(), tensor.shape(), tensor.strides(), 0);
}

Tensor numbers() { return *Tensor::empty(DType::kFloat32, std::array<int64_t, 2>{3, 4}); }

/// Packs by making an empty tensor, and counts how often.
struct Packer {
  std::atomic<int> calls{0};
  Result<Tensor> operator()(const Tensor& weight) {
    ++calls;
    return Tensor::empty(weight.dtype(), weight.shape());
  }
};

TEST(PackedWeights, PacksOnceForEachWeightShapeAndLayout) {
  PackedWeights weights;
  Packer packer;
  const Tensor a = constant_of(numbers()), b = constant_of(numbers());
  const Tensor reshaped =
      *Tensor::view(a.storage(), a.dtype(), std::array<int64_t, 1>{12}, std::array<int64_t, 1>{1}, 0);
  const Tensor first = *weights.get(a, "panels", packer);
  EXPECT_EQ(weights.get(a, "panels", packer)->data(), first.data());
  EXPECT_EQ(packer.calls, 1);
  EXPECT_NE(weights.get(a, "taps", packer)->data(), first.data());
  EXPECT_NE(weights.get(b, "panels", packer)->data(), first.data());
  EXPECT_NE(weights.get(reshaped, "panels", packer)->data(), first.data());
  EXPECT_EQ(packer.calls, 4);
  EXPECT_EQ(weights.byte_count(), 4 * first.byte_count());
}

TEST(PackedWeights, TellsWhichBytesAreNoLongerNeeded) {
  std::vector<std::span<const std::byte>> released;
  PackedWeights weights([&](std::span<const std::byte> bytes) {
    released.push_back(bytes);
    return Status();
  });
  Packer packer;
  const Tensor weight = constant_of(numbers());
  ASSERT_TRUE(weights.get(weight, "panels", packer).ok());
  ASSERT_TRUE(weights.get(weight, "panels", packer).ok());
  ASSERT_EQ(released.size(), 1U);
  EXPECT_EQ(released[0].data(), weight.data());
  EXPECT_EQ(released[0].size(), weight.byte_count());
}

TEST(PackedWeights, DropsAWeightThatIsNotWhatItShouldBe) {
  PackedWeights weights([](std::span<const std::byte>) { return invalid_file("the hash differs"); });
  Packer packer;
  const Tensor weight = constant_of(numbers());
  EXPECT_EQ(weights.get(weight, "panels", packer).status().code(), StatusCode::kInvalidFile);
  EXPECT_EQ(weights.get(weight, "panels", packer).status().code(), StatusCode::kInvalidFile);
  EXPECT_EQ(weights.byte_count(), 0U);
}

TEST(PackedWeights, RefusesWeightsThatMayChange) {
  PackedWeights weights;
  Packer packer;
  EXPECT_EQ(weights.get(numbers(), "panels", packer).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(weights.get(Tensor(), "panels", packer).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(packer.calls, 0);
}

TEST(PackedWeights, TriesAgainAfterAFailure) {
  PackedWeights weights;
  Packer packer;
  const Tensor weight = constant_of(numbers());
  const auto fail = [](const Tensor&) -> Result<Tensor> { return error(StatusCode::kOutOfMemory, "no memory"); };
  EXPECT_EQ(weights.get(weight, "panels", fail).status().code(), StatusCode::kOutOfMemory);
  EXPECT_EQ(weights.byte_count(), 0U);
  EXPECT_TRUE(weights.get(weight, "panels", packer).ok());
}

TEST(PackedWeights, LetsThreadsThatAskAtOnceWaitForOnePacking) {
  PackedWeights weights;
  Packer packer;
  const Tensor weight = constant_of(numbers());
  std::vector<std::thread> threads;
  std::array<const void*, 8> seen{};
  for (const void*& data : seen) {
    threads.emplace_back([&] { data = weights.get(weight, "panels", packer)->data(); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(packer.calls, 1);
  for (const void* data : seen) EXPECT_EQ(data, seen[0]);
}

TEST(KernelContext, IsTheThreadsOwnAndNests) {
  const KernelContext outer, inner;
  EXPECT_EQ(current_kernel_context(), nullptr);
  {
    const ScopedKernelContext first(outer);
    {
      const ScopedKernelContext second(inner);
      EXPECT_EQ(current_kernel_context(), &inner);
      std::thread([] { EXPECT_EQ(current_kernel_context(), nullptr); }).join();
    }
    EXPECT_EQ(current_kernel_context(), &outer);
  }
  EXPECT_EQ(current_kernel_context(), nullptr);
}

}  // namespace
}  // namespace hearth
