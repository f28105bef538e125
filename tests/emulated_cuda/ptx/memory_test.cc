#include "emulated_cuda/ptx/memory.h"

#include <gtest/gtest.h>

#include <cstring>

namespace hearth::ptx {
namespace {

TEST(Memory, FindsWhatLiesInsideOneAllocation) {
  Memory memory;
  const uint64_t address = *memory.allocate(100, 1024);
  EXPECT_EQ(address % 1024, 0U);
  EXPECT_EQ(reinterpret_cast<uint64_t>(memory.find(address, 100)), address);
  EXPECT_NE(memory.find(address + 99, 1), nullptr);
  EXPECT_EQ(memory.find(address + 99, 2), nullptr);
  EXPECT_EQ(memory.find(address + 100, 1), nullptr);
  EXPECT_EQ(memory.find(address - 1, 1), nullptr);
  EXPECT_EQ(memory.find(address, ~size_t{0}), nullptr);
  EXPECT_EQ(memory.find(~uint64_t{0}, 1), nullptr);
  const uint64_t other = *memory.allocate(8);
  EXPECT_GE(other > address ? other - address - 100 : address - other - 8, 4096U);
}

TEST(Memory, RemembersWhichBytesWereWritten) {
  Memory memory;
  const uint64_t address = *memory.allocate(200);
  EXPECT_FALSE(memory.written(address, 1));
  memory.mark_written(address + 60, 80);
  EXPECT_TRUE(memory.written(address + 60, 80));
  EXPECT_FALSE(memory.written(address + 59, 2));
  EXPECT_FALSE(memory.written(address + 139, 2));
  const uint64_t copy = *memory.allocate(200);
  std::memset(memory.find(address + 60, 80), 7, 80);
  memory.mark_written(copy, 200);
  ASSERT_TRUE(memory.copy(copy + 10, address + 50, 20).ok());
  EXPECT_EQ(*memory.find(copy + 20, 1), std::byte{7});
  EXPECT_TRUE(memory.written(copy + 20, 180));
  EXPECT_FALSE(memory.written(copy + 19, 1));
  EXPECT_TRUE(memory.written(copy, 10));
}

TEST(Memory, KeepsAccountAndRefusesMistakes) {
  Memory memory(1000);
  const uint64_t address = *memory.allocate(600);
  EXPECT_EQ(memory.allocated_bytes(), 600U);
  EXPECT_EQ(memory.allocate(401).status().code(), StatusCode::kOutOfMemory);
  EXPECT_EQ(memory.allocate(0).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(memory.allocate(8, 3).status().code(), StatusCode::kInvalidArgument);
  EXPECT_FALSE(memory.free(address + 1).ok());
  EXPECT_FALSE(memory.copy(address, address + 400, 201).ok());
  EXPECT_FALSE(memory.copy(address + 400, address, 201).ok());
  EXPECT_TRUE(memory.copy(address, address + 700, 0).ok());
  EXPECT_TRUE(memory.free(address).ok());
  EXPECT_FALSE(memory.free(address).ok());
  EXPECT_EQ(memory.allocation_count(), 0U);
  EXPECT_TRUE(memory.allocate(1000).ok());
}

TEST(Memory, DescribesWhereAnAddressLies) {
  Memory memory;
  EXPECT_EQ(memory.describe(5), "near no allocation");
  const uint64_t address = *memory.allocate(64);
  EXPECT_EQ(memory.describe(address + 3).find("3 bytes inside the allocation of 64 bytes at 0x"), 0U);
  EXPECT_EQ(memory.describe(address + 68).find("4 bytes after the end of the allocation of 64 bytes"), 0U);
  EXPECT_EQ(memory.describe(address - 8).find("8 bytes before the allocation of 64 bytes"), 0U);
}

}  // namespace
}  // namespace hearth::ptx
