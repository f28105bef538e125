#include "hal/memory_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <random>
#include <thread>
#include <vector>

#include "base/errors.h"
#include "hal/null/null_device.h"
#include "tensor/testing/make_tensor.h"

namespace hearth {
namespace {

using testing::Sizes;

struct Pool {
  std::shared_ptr<NullDevice> device = std::make_shared<NullDevice>();
  std::shared_ptr<MemoryPool> pool = MemoryPool::create(device);
};

TEST(MemoryPool, GivesAlignedPiecesThatLoseAtMostAnEighth) {
  const Pool fixture;
  for (size_t size = 0; size < 70000; size += size < 3000 ? 1 : 997) {
    const auto storage = fixture.pool->allocate(size);
    ASSERT_TRUE(storage.ok());
    EXPECT_GE((*storage)->size(), size);
    EXPECT_LE((*storage)->size(), std::max(size + 64, size + size / 8)) << size;
    EXPECT_EQ(reinterpret_cast<uintptr_t>((*storage)->data()) % 64, 0U);
    EXPECT_FALSE((*storage)->is_constant());
    std::memset((*storage)->data(), 1, (*storage)->size());
    fixture.pool->trim();
  }
}

/// What one run of a model might take: some tensors at once, released in another order.
Status run_once(MemoryPool& pool, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<Tensor> live;
  for (int step = 0; step < 60; ++step) {
    HEARTH_ASSIGN_OR_RETURN(Tensor tensor,
                            pool.empty(DType::kFloat32, Sizes{1 + static_cast<int64_t>(random() % 5000), 3}));
    std::memset(tensor.data(), step, tensor.byte_count());
    live.push_back(std::move(tensor));
    if (random() % 3 != 0) live.erase(live.begin() + static_cast<ptrdiff_t>(random() % live.size()));
  }
  return {};
}

TEST(MemoryPool, TakesNothingFromTheDeviceInASteadyState) {
  constexpr uint32_t kSeed = 3;
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  const Pool fixture;
  for (int round = 0; round < 4; ++round) ASSERT_TRUE(run_once(*fixture.pool, kSeed).ok());
  const MemoryPool::Statistics warm = fixture.pool->statistics();
  const int64_t calls = fixture.device->calls();
  EXPECT_GT(warm.device_allocations, 0U);
  for (int round = 0; round < 50; ++round) ASSERT_TRUE(run_once(*fixture.pool, kSeed).ok());
  EXPECT_EQ(fixture.device->calls(), calls);
  EXPECT_EQ(fixture.pool->statistics().device_allocations, warm.device_allocations);
  EXPECT_EQ(fixture.pool->statistics().peak_held_bytes, warm.peak_held_bytes);
}

TEST(MemoryPool, CutsChunksAndJoinsWhatIsReleased) {
  const Pool fixture;
  const std::byte* chunk = fixture.pool->allocate(98304).value()->data();
  StorageRef a = fixture.pool->allocate(32768).value();
  StorageRef b = fixture.pool->allocate(32768).value();
  StorageRef c = fixture.pool->allocate(32768).value();
  EXPECT_EQ(a->data(), chunk);
  EXPECT_EQ(b->data(), chunk + 32768);
  EXPECT_EQ(c->data(), chunk + 65536);
  EXPECT_EQ(fixture.device->live_allocations(), 1);
  // Released in any order, they are one again.
  a = StorageRef();
  c = StorageRef();
  b = StorageRef();
  EXPECT_EQ(fixture.pool->allocate(98304).value()->data(), chunk);
  // What hardly leaves anything is not cut.
  const StorageRef most = fixture.pool->allocate(90000).value();
  EXPECT_EQ(most->size(), 98304U);
}

TEST(MemoryPool, LargerChunksReplaceUnusedOnes) {
  const Pool fixture;
  for (size_t size = 1000; size < 100000; size += 1000) ASSERT_TRUE(fixture.pool->allocate(size).ok());
  EXPECT_EQ(fixture.device->live_allocations(), 1);
  EXPECT_LT(fixture.pool->statistics().held_bytes, 120000U);
  EXPECT_LT(fixture.pool->statistics().device_allocations, 60U);
}

TEST(MemoryPool, CountsWhatItHoldsAndUses) {
  const Pool fixture;
  const auto expect = [&](uint64_t allocations, size_t held, size_t used, size_t peak) {
    const MemoryPool::Statistics now = fixture.pool->statistics();
    EXPECT_EQ(now.device_allocations, allocations);
    EXPECT_EQ(now.held_bytes, held);
    EXPECT_EQ(now.used_bytes, used);
    EXPECT_EQ(now.peak_held_bytes, peak);
  };
  expect(0, 0, 0, 0);
  StorageRef a = fixture.pool->allocate(64).value();
  StorageRef b = fixture.pool->allocate(1024).value();
  expect(2, 1088, 1088, 1088);
  const StorageRef shared = a;
  a = StorageRef();
  expect(2, 1088, 1088, 1088);
  b = StorageRef();
  expect(2, 1088, 64, 1088);
  fixture.pool->trim();
  expect(2, 64, 64, 1088);
  EXPECT_EQ(fixture.device->live_allocations(), 1);
  b = fixture.pool->allocate(512).value();
  expect(3, 576, 576, 1088);
}

TEST(MemoryPool, LivesAsLongAsItsTensors) {
  Pool fixture;
  Tensor kept = fixture.pool->empty(DType::kInt32, Sizes{100}).value();
  Tensor dropped = fixture.pool->empty(DType::kInt32, Sizes{100}).value();
  dropped = Tensor();
  const std::weak_ptr<MemoryPool> pool = fixture.pool;
  fixture.pool.reset();
  ASSERT_FALSE(pool.expired());
  EXPECT_EQ(fixture.device->live_allocations(), 2);
  kept.data_as<int32_t>()[99] = 1;
  kept = Tensor();
  EXPECT_TRUE(pool.expired());
  EXPECT_EQ(fixture.device->live_allocations(), 0);
}

TEST(MemoryPool, PassesEveryFailedAllocationOnAndLeaksNothing) {
  constexpr uint32_t kSeed = 11;
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  int64_t nth = 1;
  for (bool failed = true; failed; ++nth) {
    Pool fixture;
    fixture.device->fail_call(nth);
    const Status status = run_once(*fixture.pool, kSeed);
    failed = !status.ok();
    EXPECT_EQ(status.code(), failed ? StatusCode::kOutOfMemory : StatusCode::kOk);
    EXPECT_EQ(fixture.pool->statistics().used_bytes, 0U) << nth;
    fixture.device->fail_call(0);
    EXPECT_TRUE(run_once(*fixture.pool, kSeed).ok()) << "the pool goes on";
    fixture.pool.reset();
    EXPECT_EQ(fixture.device->live_allocations(), 0) << nth;
  }
  EXPECT_GT(nth, 10);
}

TEST(MemoryPool, RefusesWhatTensorsRefuse) {
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  const Pool fixture;
  struct Case {
    Sizes shape;
    Sizes strides;
    StatusCode code;
  };
  const Case cases[] = {
      {{-1}, {1}, StatusCode::kInvalidArgument},          {{2}, {-1}, StatusCode::kInvalidArgument},
      {{2, 2}, {1}, StatusCode::kInvalidArgument},        {Sizes(17, 1), Sizes(17, 1), StatusCode::kInvalidArgument},
      {{kHuge}, {1}, StatusCode::kOutOfMemory},           {{kHuge, kHuge}, {0, 0}, StatusCode::kOutOfMemory},
      {{int64_t{1} << 60}, {1}, StatusCode::kOutOfMemory}};
  for (const Case& c : cases) {
    const Status pooled = fixture.pool->empty_strided(DType::kFloat32, c.shape, c.strides).status();
    EXPECT_EQ(pooled.code(), c.code) << describe_shape(c.shape) << ": " << pooled.message();
  }
  EXPECT_EQ(fixture.pool->empty(DType::kFloat32, Sizes{-1}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(fixture.pool->empty(DType::kFloat32, Sizes{kHuge, 2}).status().code(), StatusCode::kOutOfMemory);
  EXPECT_EQ(fixture.pool->empty(static_cast<DType>(99), Sizes{1}).status().code(), StatusCode::kInvalidArgument);
  for (const size_t size : {std::numeric_limits<size_t>::max(), size_t{1} << 63, (size_t{1} << 63) - 1}) {
    EXPECT_EQ(fixture.pool->allocate(size).status().code(), StatusCode::kOutOfMemory) << size;
  }
  EXPECT_EQ(fixture.device->live_allocations(), 0);
}

TEST(MemoryPool, ServesSeveralThreads) {
  Pool fixture;
  std::vector<std::thread> threads;
  for (uint32_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (uint32_t round = 0; round < 20; ++round) EXPECT_TRUE(run_once(*fixture.pool, t).ok());
      fixture.pool->trim();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(fixture.pool->statistics().used_bytes, 0U);
  fixture.pool.reset();
  EXPECT_EQ(fixture.device->live_allocations(), 0);
}

}  // namespace
}  // namespace hearth
