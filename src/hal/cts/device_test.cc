// What every device must do. A device takes part as soon as hal/devices.cc lists it.
#include "hal/device.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "hal/cts/kernels.h"
#include "hal/testing/emulated_driver.h"

namespace hearth {
namespace {

constexpr size_t kMost = std::numeric_limits<size_t>::max();
using Bytes = std::vector<std::byte>;

Bytes pattern(size_t size, int first = 1) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(first + static_cast<int>(i * 7));
  return bytes;
}

class DeviceContract : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    auto device = open_device(GetParam());
    ASSERT_TRUE(device.ok()) << device.status().message();
    device_ = std::move(device).value();
    stream_ = device_->create_stream().value();
  }
  void TearDown() override {
    for (const DeviceMemory& memory : owned_) device_->free(memory);
  }

  DeviceMemory allocate(size_t size) {
    const auto memory = device_->allocate(size);
    EXPECT_TRUE(memory.ok()) << memory.status().message();
    owned_.push_back(*memory);
    return *memory;
  }
  DeviceMemory upload(const Bytes& bytes) {
    const DeviceMemory memory = allocate(bytes.size());
    expect_ok(device_->copy_to_device(*stream_, memory, 0, bytes));
    return memory;
  }
  Bytes download(DeviceMemory memory) {
    Bytes bytes(memory.size);
    expect_ok(device_->copy_to_host(*stream_, bytes, memory, 0));
    expect_ok(stream_->synchronize());
    return bytes;
  }
  static void expect_ok(const Status& status) { EXPECT_TRUE(status.ok()) << status.message(); }
  static void expect_refused(const Status& status) { EXPECT_EQ(status.code(), StatusCode::kInvalidArgument); }

  std::shared_ptr<Device> device_;
  std::unique_ptr<Stream> stream_;
  std::vector<DeviceMemory> owned_;
};

TEST_P(DeviceContract, SaysWhatItIs) {
  const DeviceProperties& properties = device_->properties();
  EXPECT_EQ(properties.name, GetParam());
  EXPECT_FALSE(properties.description.empty());
  EXPECT_GE(properties.compute_units, 1);
  if (const Result<uint64_t> free = device_->free_memory(); free.ok()) {
    EXPECT_LE(*free, properties.memory_bytes);
  } else {
    EXPECT_EQ(free.status().code(), StatusCode::kUnavailable) << free.status().message();
  }
}

TEST_P(DeviceContract, AllocatesAlignedMemoryThatNothingElseUses) {
  std::vector<DeviceMemory> memories;
  const size_t mebibyte = size_t{1} << 20;
  for (const size_t size : {size_t{0}, size_t{0}, size_t{1}, size_t{63}, size_t{64}, size_t{65}, size_t{4097},
                            mebibyte - 1, mebibyte, mebibyte + 1, 3 * mebibyte}) {
    const DeviceMemory memory = allocate(size);
    EXPECT_NE(memory.address, nullptr) << size;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory.address) % 64, 0U) << size;
    EXPECT_EQ(memory.size, size);
    expect_ok(device_->fill(*stream_, memory, 0, size, static_cast<std::byte>(memories.size() + 1)));
    memories.push_back(memory);
  }
  for (size_t i = 0; i < memories.size(); ++i) {
    EXPECT_EQ(download(memories[i]), Bytes(memories[i].size, static_cast<std::byte>(i + 1)));
  }
}

TEST_P(DeviceContract, SaysWhenMemoryIsOut) {
  for (const size_t size : {kMost, kMost - 63, kMost / 2, size_t{1} << 62}) {
    const auto memory = device_->allocate(size);
    ASSERT_FALSE(memory.ok()) << size;
    EXPECT_EQ(memory.status().code(), StatusCode::kOutOfMemory) << memory.status().message();
    EXPECT_NE(memory.status().message().find(std::to_string(size)), std::string::npos) << memory.status().message();
  }
  const Bytes bytes = pattern(100);
  EXPECT_EQ(download(upload(bytes)), bytes) << "the device goes on";
}

TEST_P(DeviceContract, CopiesAnyRangeAndNothingBesideIt) {
  for (const auto& [offset, size] :
       {std::pair<size_t, size_t>{0, 256}, {1, 1}, {3, 130}, {255, 1}, {64, 64}, {256, 0}}) {
    SCOPED_TRACE(::testing::Message() << size << " bytes at " << offset);
    const Bytes part = pattern(size, 99);
    Bytes expected = pattern(256);
    std::ranges::copy(part, expected.begin() + static_cast<ptrdiff_t>(offset));
    const DeviceMemory memory = upload(pattern(256));
    expect_ok(device_->copy_to_device(*stream_, memory, offset, part));
    EXPECT_EQ(download(memory), expected);

    Bytes back(size);
    expect_ok(device_->copy_to_host(*stream_, back, memory, offset));
    expect_ok(stream_->synchronize());
    EXPECT_EQ(back, part);

    const DeviceMemory other = upload(pattern(256, 5));
    Bytes copied = pattern(256, 5);
    const size_t other_offset = 256 - size;
    std::ranges::copy(part, copied.begin() + static_cast<ptrdiff_t>(other_offset));
    expect_ok(device_->copy(*stream_, other, other_offset, memory, offset, size));
    EXPECT_EQ(download(other), copied);
  }
}

TEST_P(DeviceContract, FillsAnyRangeAndNothingBesideIt) {
  for (const auto& [offset, size] : {std::pair<size_t, size_t>{0, 256}, {1, 1}, {3, 130}, {256, 0}}) {
    const DeviceMemory memory = upload(pattern(256));
    Bytes expected = pattern(256);
    std::fill_n(expected.begin() + static_cast<ptrdiff_t>(offset), size, std::byte{0xA5});
    expect_ok(device_->fill(*stream_, memory, offset, size, std::byte{0xA5}));
    EXPECT_EQ(download(memory), expected);
  }
}

TEST_P(DeviceContract, CopiesNothingFromNowhere) {
  const DeviceMemory memory = allocate(0);
  expect_ok(device_->copy_to_device(*stream_, memory, 0, {}));
  expect_ok(device_->copy_to_host(*stream_, {}, memory, 0));
  expect_ok(device_->copy(*stream_, memory, 0, memory, 0, 0));
  expect_ok(device_->fill(*stream_, memory, 0, 0, std::byte{1}));
  expect_ok(stream_->synchronize());
}

TEST_P(DeviceContract, RefusesRangesOutsideOfTheMemory) {
  const DeviceMemory memory = upload(pattern(100));
  const DeviceMemory large = upload(pattern(300));
  Bytes host = pattern(101);
  for (const auto& [offset, size] : {std::pair<size_t, size_t>{0, 101}, {100, 1}, {101, 0}, {kMost, 1}, {kMost, 101}}) {
    SCOPED_TRACE(::testing::Message() << size << " bytes at " << offset);
    const std::span<std::byte> part = std::span(host).first(size);
    expect_refused(device_->copy_to_device(*stream_, memory, offset, part));
    expect_refused(device_->copy_to_host(*stream_, part, memory, offset));
    expect_refused(device_->copy(*stream_, memory, offset, large, 0, size));
    expect_refused(device_->copy(*stream_, large, 0, memory, offset, size));
    expect_refused(device_->fill(*stream_, memory, offset, size, std::byte{0}));
  }
  expect_refused(device_->fill(*stream_, memory, 1, kMost, std::byte{0}));
  expect_refused(device_->copy(*stream_, large, 1, memory, 0, kMost));
  EXPECT_EQ(download(memory), pattern(100));
  EXPECT_EQ(download(large), pattern(300));
  EXPECT_EQ(host, pattern(101));
}

TEST_P(DeviceContract, MapsHostMemoryOrSaysThatItCannot) {
  const DeviceMemory memory = upload(pattern(100));
  expect_ok(stream_->synchronize());
  const auto mapped = device_->map(memory);
  EXPECT_EQ(mapped.ok(), device_->properties().host_memory);
  if (!mapped.ok()) {
    EXPECT_EQ(mapped.status().code(), StatusCode::kUnavailable);
    return;
  }
  EXPECT_EQ(Bytes(mapped->begin(), mapped->end()), pattern(100));
  (*mapped)[4] = std::byte{77};
  EXPECT_EQ(download(memory)[4], std::byte{77});
}

TEST_P(DeviceContract, DoesAStreamsWorkInOrder) {
  const DeviceMemory a = allocate(1000);
  const DeviceMemory b = allocate(1000);
  for (int round = 0; round < 20; ++round) {
    const auto value = static_cast<std::byte>(round);
    expect_ok(device_->fill(*stream_, a, 0, 1000, value));
    expect_ok(device_->copy(*stream_, b, 0, a, 0, 1000));
    expect_ok(device_->fill(*stream_, a, 0, 1000, std::byte{0xFF}));
    EXPECT_EQ(download(b), Bytes(1000, value));
  }
}

TEST_P(DeviceContract, EventsPassWithTheWorkBeforeThem) {
  const auto event = device_->create_event().value();
  const auto other_stream = device_->create_stream().value();
  const auto passed = [&] {
    const auto result = event->query();
    EXPECT_TRUE(result.ok()) << result.status().message();
    return result.ok() && *result;
  };
  EXPECT_TRUE(passed()) << "it was never recorded";
  expect_ok(event->wait(*other_stream));

  const DeviceMemory a = allocate(1000);
  const DeviceMemory b = allocate(1000);
  for (int round = 0; round < 20; ++round) {
    const auto value = static_cast<std::byte>(round + 1);
    expect_ok(device_->fill(*stream_, a, 0, 1000, value));
    expect_ok(event->record(*stream_));
    expect_ok(event->wait(*other_stream));
    expect_ok(device_->copy(*other_stream, b, 0, a, 0, 1000));
    expect_ok(other_stream->synchronize());
    EXPECT_TRUE(passed());
    EXPECT_EQ(download(b), Bytes(1000, value));
  }
}

TEST_P(DeviceContract, PoolsServeAStreamsWork) {
  const auto pool = device_->create_pool().value();
  std::vector<DeviceMemory> memories;
  for (const size_t size : {size_t{0}, size_t{1}, size_t{1000}, size_t{1} << 20}) {
    const auto memory = pool->allocate(*stream_, size);
    ASSERT_TRUE(memory.ok()) << memory.status().message();
    EXPECT_NE(memory->address, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory->address) % 64, 0U);
    EXPECT_EQ(memory->size, size);
    expect_ok(device_->fill(*stream_, *memory, 0, size, static_cast<std::byte>(memories.size() + 1)));
    memories.push_back(*memory);
  }
  for (size_t i = 0; i < memories.size(); ++i) {
    EXPECT_EQ(download(memories[i]), Bytes(memories[i].size, static_cast<std::byte>(i + 1)));
    pool->free(*stream_, memories[i]);
  }
  for (int round = 0; round < 20; ++round) {
    const DeviceMemory memory = pool->allocate(*stream_, 1000).value();
    expect_ok(device_->fill(*stream_, memory, 0, 1000, static_cast<std::byte>(round)));
    const DeviceMemory result = allocate(1000);
    expect_ok(device_->copy(*stream_, result, 0, memory, 0, 1000));
    pool->free(*stream_, memory);  // The copy comes first.
    EXPECT_EQ(download(result), Bytes(1000, static_cast<std::byte>(round)));
  }
  pool->trim();
}

TEST_P(DeviceContract, PoolsSayWhenMemoryIsOut) {
  const auto pool = device_->create_pool().value();
  for (const size_t size : {kMost, kMost / 2, size_t{1} << 62}) {
    const auto memory = pool->allocate(*stream_, size);
    ASSERT_FALSE(memory.ok()) << size;
    EXPECT_EQ(memory.status().code(), StatusCode::kOutOfMemory) << memory.status().message();
    EXPECT_NE(memory.status().message().find(std::to_string(size)), std::string::npos) << memory.status().message();
  }
}

TEST_P(DeviceContract, CopiesFromAndToStagingMemory) {
  const size_t size = 10000;
  const auto there = device_->allocate_staging(size).value();
  const auto back = device_->allocate_staging(size).value();
  ASSERT_EQ(there.size(), size);
  const DeviceMemory memory = allocate(size);
  for (int round = 0; round < 20; ++round) {
    std::ranges::copy(pattern(size, round), there.begin());
    std::ranges::fill(back, std::byte{0});
    expect_ok(device_->copy_to_device(*stream_, memory, 0, there));
    expect_ok(device_->copy_to_host(*stream_, back, memory, 0));
    expect_ok(stream_->synchronize());
    EXPECT_EQ(Bytes(back.begin(), back.end()), pattern(size, round));
  }
  device_->free_staging(there);
  device_->free_staging(back);
  const auto nothing = device_->allocate_staging(0);
  ASSERT_TRUE(nothing.ok()) << nothing.status().message();
  device_->free_staging(*nothing);
}

TEST_P(DeviceContract, RefusesCodeThatItCannotLoad) {
  const Bytes nonsense = pattern(100);
  EXPECT_FALSE(device_->load_module(nonsense).ok());
  EXPECT_FALSE(device_->load_module({}).ok());
  const bool takes_none =
      device_->load_module(std::as_bytes(std::span(kPtxKernels))).status().code() == StatusCode::kUnavailable;
  EXPECT_EQ(takes_none, device_->properties().architecture.empty());
}

/// Devices that execute code which is loaded into them.
class CodeContract : public DeviceContract {
 protected:
  void SetUp() override {
    DeviceContract::SetUp();
    auto module = device_->load_module(std::as_bytes(std::span(kPtxKernels)));
    ASSERT_TRUE(module.ok()) << module.status().message();
    module_ = std::move(module).value();
  }
  void TearDown() override {
    module_.reset();
    DeviceContract::TearDown();
  }

  DeviceFunction& function(const char* name) {
    const auto found = module_->function(name);
    EXPECT_TRUE(found.ok()) << found.status().message();
    return **found;
  }
  /// `fill` or `add` for all of the memory, as 32-bit numbers.
  Status launch(Stream& stream, DeviceFunction& function, DeviceMemory memory, uint32_t value) {
    auto count = static_cast<uint32_t>(memory.size / 4);
    const std::array<void*, 3> arguments{&memory.address, &count, &value};
    return function.launch(stream, {.grid = {(count + 63) / 64}, .block = {64}}, arguments);
  }
  std::vector<uint32_t> numbers(DeviceMemory memory) {
    const Bytes bytes = download(memory);
    std::vector<uint32_t> values(bytes.size() / 4);
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

  std::unique_ptr<DeviceModule> module_;
};

TEST_P(CodeContract, RunsFunctionsInTheOrderOfTheStream) {
  const DeviceMemory memory = allocate(1000 * 4);
  const DeviceMemory guard = upload(pattern(256));
  DeviceFunction& fill = function("fill");
  DeviceFunction& add = function("add");
  for (uint32_t round = 1; round < 5; ++round) {
    expect_ok(launch(*stream_, fill, memory, round));
    expect_ok(launch(*stream_, add, memory, 100));
    expect_ok(launch(*stream_, add, memory, 1000));
    EXPECT_EQ(numbers(memory), std::vector<uint32_t>(1000, 1100 + round));
  }
  EXPECT_EQ(download(guard), pattern(256));
}

TEST_P(CodeContract, LooksUpFunctionsAndVariables) {
  EXPECT_EQ(&function("fill"), &function("fill"));
  EXPECT_NE(&function("fill"), &function("add"));
  EXPECT_EQ(module_->function("nobody").status().code(), StatusCode::kNotFound);
  EXPECT_NE(module_->function("nobody").status().message().find("'nobody'"), std::string::npos);
  EXPECT_EQ(module_->variable("nothing").status().code(), StatusCode::kNotFound);
  const auto table = module_->variable("table");
  ASSERT_TRUE(table.ok()) << table.status().message();
  EXPECT_EQ(numbers(*table), (std::vector<uint32_t>{3, 1, 4, 1}));
}

TEST_P(CodeContract, SaysWhatFunctionsNeed) {
  const FunctionAttributes& attributes = function("fill").attributes();
  EXPECT_GE(attributes.max_threads, 64);
  EXPECT_GT(attributes.registers, 0);
  EXPECT_EQ(attributes.shared_bytes, 0U);
  EXPECT_EQ(attributes.local_bytes, 0U);
}

TEST_P(CodeContract, GivesBlocksTheSharedMemoryThatTheyWereAllowed) {
  const uint32_t most = device_->properties().shared_bytes;
  DeviceFunction& reverse = function("reverse");
  Bytes bytes(256 * 4);
  for (uint32_t i = 0; i < 256; ++i) std::memcpy(bytes.data() + i * 4, &i, 4);
  DeviceMemory memory = upload(bytes);
  const std::array<void*, 1> arguments{&memory.address};
  const auto reverse_with = [&](uint32_t shared_bytes) {
    return reverse.launch(*stream_, {.block = {256}, .shared_bytes = shared_bytes}, arguments);
  };
  std::vector<uint32_t> expected(256);
  std::iota(expected.rbegin(), expected.rend(), 0);
  expect_ok(reverse_with(1024));
  EXPECT_EQ(numbers(memory), expected);

  expect_refused(reverse_with(most));
  expect_refused(reverse.allow_shared_bytes(most + 1));
  expect_ok(reverse.allow_shared_bytes(most));
  expect_ok(reverse_with(most));
  std::ranges::reverse(expected);
  EXPECT_EQ(numbers(memory), expected);
}

TEST_P(CodeContract, RefusesShapesThatAreNone) {
  const DeviceMemory memory = allocate(64);
  uint32_t count = 16;
  uint32_t value = 1;
  void* address = memory.address;
  const std::array<void*, 3> arguments{&address, &count, &value};
  DeviceFunction& fill = function("fill");
  for (const LaunchShape& shape : {LaunchShape{.grid = {0, 1, 1}}, LaunchShape{.block = {0, 1, 1}},
                                   LaunchShape{.block = {4096, 1, 1}}, LaunchShape{.block = {64, 64, 1}},
                                   LaunchShape{.grid = {1, 1, 100000}}, LaunchShape{.shared_bytes = 1U << 20}}) {
    expect_refused(fill.launch(*stream_, shape, arguments));
  }
  expect_ok(launch(*stream_, fill, memory, 7));
  EXPECT_EQ(numbers(memory), std::vector<uint32_t>(16, 7)) << "the device goes on";
}

TEST_P(CodeContract, EventsOrderStreams) {
  const auto other = device_->create_stream().value();
  const auto forth = device_->create_event().value();
  const auto back = device_->create_event().value();
  const DeviceMemory memory = allocate(1000 * 4);
  DeviceFunction& fill = function("fill");
  DeviceFunction& add = function("add");
  expect_ok(launch(*stream_, fill, memory, 0));
  for (int round = 0; round < 20; ++round) {
    expect_ok(launch(*stream_, add, memory, 1));
    expect_ok(forth->record(*stream_));
    expect_ok(forth->wait(*other));
    expect_ok(launch(*other, add, memory, 1));
    expect_ok(back->record(*other));
    expect_ok(back->wait(*stream_));
  }
  EXPECT_EQ(numbers(memory), std::vector<uint32_t>(1000, 40));
}

TEST_P(CodeContract, ServesSeveralThreads) {
  std::vector<std::thread> threads;
  std::vector<int> good(4, 0);
  for (size_t t = 0; t < good.size(); ++t) {
    threads.emplace_back([&, t] {
      const auto stream = device_->create_stream().value();
      const auto pool = device_->create_pool().value();
      for (uint32_t round = 0; round < 10; ++round) {
        const DeviceMemory memory = pool->allocate(*stream, 400).value();
        const uint32_t value = round * 100 + static_cast<uint32_t>(t);
        std::vector<uint32_t> back(100);
        const bool ran = launch(*stream, **module_->function("fill"), memory, value).ok() &&
                         launch(*stream, **module_->function("add"), memory, 1).ok() &&
                         device_->copy_to_host(*stream, std::as_writable_bytes(std::span(back)), memory, 0).ok() &&
                         stream->synchronize().ok();
        good[t] += ran && back == std::vector<uint32_t>(100, value + 1) ? 1 : 0;
        pool->free(*stream, memory);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, std::vector<int>(good.size(), 10));
}

TEST_P(DeviceContract, ServesSeveralThreads) {
  std::vector<std::thread> threads;
  std::vector<int> good(4, 0);
  for (size_t t = 0; t < good.size(); ++t) {
    threads.emplace_back([&, t] {
      const auto stream = device_->create_stream().value();
      for (int round = 0; round < 100; ++round) {
        const DeviceMemory memory = device_->allocate(1000 + t).value();
        const Bytes bytes = pattern(memory.size, round);
        Bytes back(memory.size);
        const bool copied = device_->copy_to_device(*stream, memory, 0, bytes).ok() &&
                            device_->copy_to_host(*stream, back, memory, 0).ok() && stream->synchronize().ok();
        good[t] += copied && back == bytes ? 1 : 0;
        device_->free(memory);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, std::vector<int>(good.size(), 100));
}

std::vector<std::string> device_names() {
  use_emulated_driver();
  std::vector<std::string> names;
  for (const DeviceProperties& device : list_devices()) names.push_back(device.name);
  return names;
}

std::vector<std::string> names_of_code_devices() {
  use_emulated_driver();
  std::vector<std::string> names;
  for (const DeviceProperties& device : list_devices()) {
    if (!device.architecture.empty()) names.push_back(device.name);
  }
  return names;
}

std::string test_name(const ::testing::TestParamInfo<std::string>& device) {
  std::string name = device.param;
  std::ranges::replace(name, ':', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(, DeviceContract, ::testing::ValuesIn(device_names()), test_name);
INSTANTIATE_TEST_SUITE_P(, CodeContract, ::testing::ValuesIn(names_of_code_devices()), test_name);

TEST(Devices, AreListedBestFirstAndOpenedByName) {
  use_emulated_driver();
  const std::vector<DeviceProperties> devices = list_devices();
  ASSERT_GE(devices.size(), 3U);
  EXPECT_EQ(devices.front().name, "cuda:0");
  EXPECT_EQ(devices[devices.size() - 2].name, "cpu");
  EXPECT_EQ(devices.back().name, "null");
  EXPECT_TRUE(devices.front().executes);
  EXPECT_TRUE(missing_devices().empty());
  EXPECT_EQ(open_device("cuda").value()->properties().name, "cuda:0");
  for (const char* name : {"", "auto", "CPU", "tpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "cuda0"}) {
    const auto device = open_device(name);
    ASSERT_FALSE(device.ok()) << name;
    EXPECT_EQ(device.status().code(), StatusCode::kUnavailable);
    EXPECT_NE(device.status().message().find("cpu, null, cuda"), std::string::npos) << device.status().message();
  }
  const auto device = open_device("cuda:99");
  EXPECT_EQ(device.status().code(), StatusCode::kUnavailable);
  EXPECT_NE(device.status().message().find("cuda:0 to cuda:"), std::string::npos) << device.status().message();
}

}  // namespace
}  // namespace hearth
