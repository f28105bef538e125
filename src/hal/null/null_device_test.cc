#include "hal/null/null_device.h"

#include <gtest/gtest.h>

#include <array>

namespace hearth {
namespace {

/// Every fallible call once, until one fails.
Status use_everything(Device& device) {
  auto stream = device.create_stream();
  if (!stream.ok()) return stream.status();
  auto event = device.create_event();
  if (!event.ok()) return event.status();
  auto pool = device.create_pool();
  if (!pool.ok()) return pool.status();
  auto pooled = (*pool)->allocate(**stream, 64);
  if (!pooled.ok()) return pooled.status();
  (*pool)->free(**stream, *pooled);
  auto staging = device.allocate_staging(64);
  if (!staging.ok()) return staging.status();
  device.free_staging(*staging);
  auto memory = device.allocate(64);
  if (!memory.ok()) return memory.status();
  std::array<std::byte, 8> bytes{};
  Status status = device.copy_to_device(**stream, *memory, 0, bytes);
  if (status.ok()) status = device.copy_to_host(**stream, bytes, *memory, 0);
  if (status.ok()) status = device.copy(**stream, *memory, 0, *memory, 32, 8);
  if (status.ok()) status = device.fill(**stream, *memory, 0, 8, std::byte{1});
  if (status.ok()) status = device.map(*memory).status();
  device.free(*memory);
  return status;
}

constexpr int64_t kCalls = 11;

TEST(NullDevice, CountsEveryFallibleCall) {
  NullDevice device;
  EXPECT_TRUE(use_everything(device).ok());
  EXPECT_EQ(device.calls(), kCalls);
  EXPECT_EQ(device.live_allocations(), 0);
  EXPECT_EQ(device.load_module({}).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(device.calls(), kCalls + 1);
  EXPECT_FALSE(device.properties().executes);
}

TEST(NullDevice, FailsTheCallThatItIsTold) {
  NullDevice device;
  for (int64_t nth = 1; nth <= kCalls; ++nth) {
    const int64_t before = device.calls();
    device.fail_call(nth);
    const Status status = use_everything(device);
    EXPECT_EQ(status.code(), StatusCode::kOutOfMemory) << nth;
    EXPECT_EQ(device.calls() - before, nth);
    EXPECT_EQ(device.live_allocations(), 0);
    EXPECT_TRUE(use_everything(device).ok()) << "only that one call fails";
  }
  device.fail_call(1);
  device.fail_call(0);
  EXPECT_TRUE(use_everything(device).ok());
}

}  // namespace
}  // namespace hearth
