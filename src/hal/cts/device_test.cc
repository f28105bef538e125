// What every device must do. A device takes part as soon as hal/devices.cc lists it.
#include "hal/device.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

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

TEST_P(DeviceContract, RefusesCodeThatItCannotLoad) {
  const Bytes nonsense = pattern(100);
  EXPECT_FALSE(device_->load_module(nonsense).ok());
  EXPECT_FALSE(device_->load_module({}).ok());
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
  std::vector<std::string> names;
  for (const DeviceProperties& device : list_devices()) names.push_back(device.name);
  return names;
}

std::string test_name(const ::testing::TestParamInfo<std::string>& device) {
  std::string name = device.param;
  std::ranges::replace(name, ':', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(, DeviceContract, ::testing::ValuesIn(device_names()), test_name);

TEST(Devices, AreListedBestFirstAndOpenedByName) {
  const std::vector<DeviceProperties> devices = list_devices();
  ASSERT_GE(devices.size(), 2U);
  EXPECT_EQ(devices.back().name, "null");
  EXPECT_EQ(open_device("auto").value()->properties().name, devices.front().name);
  EXPECT_TRUE(devices.front().executes);
  for (const char* name : {"", "CPU", "tpu", "cuda:99"}) {
    const auto device = open_device(name);
    ASSERT_FALSE(device.ok()) << name;
    EXPECT_EQ(device.status().code(), StatusCode::kUnavailable);
    EXPECT_NE(device.status().message().find("auto, cpu"), std::string::npos) << device.status().message();
  }
}

}  // namespace
}  // namespace hearth
