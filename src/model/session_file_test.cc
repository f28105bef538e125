#include "model/session_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <iterator>
#include <numeric>
#include <string>
#include <vector>

#include "archive/hash.h"
#include "base/testing/temporary_folder.h"
#include "hal/device.h"

namespace hearth {
namespace {

constexpr uint64_t kModel = 0x1234;
/// Where the header's fields lie, and the first layer's.
constexpr size_t kVersionAt = 8;
constexpr size_t kHeaderSize = 56;

using Bytes = std::vector<std::byte>;

class SessionFiles : public ::testing::Test {
 protected:
  static MemoryPool& pool() {
    static const std::shared_ptr<MemoryPool> pool = MemoryPool::create(*open_device("cpu"));
    return *pool;
  }
  /// Layers 0 and 2 with `tokens` tokens, appended in steps; layer 2 looks back at `window`.
  static KeyValueCache cache_of(int64_t tokens, std::optional<DType> dtype, int64_t window = 0) {
    KeyValueCache cache(dtype);
    constexpr int64_t kStep = 50;
    for (int64_t done = 0; done < tokens; done += kStep) {
      const int64_t count = std::min(kStep, tokens - done);
      const Tensor rows = *Tensor::empty(DType::kFloat32, std::array{count, int64_t{2}, int64_t{3}});
      for (int64_t i = 0; i < rows.element_count(); ++i) {
        rows.data_as<float>()[i] = 0.25F * static_cast<float>((done + i) % 97);
      }
      EXPECT_TRUE(cache.append(pool(), 0, rows, rows).ok());
      EXPECT_TRUE(cache.append(pool(), 2, rows, rows, window).ok());
      cache.commit();
    }
    return cache;
  }
  Bytes written(const KeyValueCache& cache, const SessionNotes& notes = {}) const {
    const Status status = write_session(path(), kModel, cache, notes);
    EXPECT_TRUE(status.ok()) << status.message();
    std::ifstream file(path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
  }
  std::filesystem::path path() const { return folder_.path() / "session"; }

  static void expect_invalid(const Bytes& bytes, std::string_view message, uint64_t model = kModel) {
    const auto record = read_session(bytes, model, {}, pool());
    ASSERT_EQ(record.status().code(), StatusCode::kInvalidFile);
    EXPECT_NE(record.status().message().find(message), std::string::npos) << record.status().message();
  }
  /// With the hash that its bytes should have.
  static Bytes hashed(Bytes bytes) {
    const uint64_t hash = xxh3(std::span(bytes).first(bytes.size() - sizeof(uint64_t)));
    std::memcpy(bytes.data() + bytes.size() - sizeof hash, &hash, sizeof hash);
    return bytes;
  }

 private:
  testing::TemporaryFolder folder_;
};

void expect_same_tensor(const Tensor& actual, const Tensor& expected, int64_t tokens) {
  ASSERT_EQ(actual.defined(), expected.defined());
  if (!expected.defined()) return;
  ASSERT_EQ(actual.dtype(), expected.dtype());
  ASSERT_TRUE(std::ranges::equal(actual.shape(), expected.shape()));
  const size_t step = expected.byte_count() / static_cast<size_t>(expected.size(1));
  const size_t size = step * static_cast<size_t>(tokens) / CachePage::kTokens;
  for (int64_t head = 0; head < expected.size(1); ++head) {
    const size_t place = static_cast<size_t>(head) * step;
    EXPECT_EQ(std::memcmp(actual.data_as<std::byte>() + place, expected.data_as<std::byte>() + place, size), 0);
  }
}

void expect_same(const KeyValueCache& actual, const KeyValueCache& expected) {
  ASSERT_EQ(actual.length(), expected.length());
  ASSERT_EQ(actual.layers().size(), expected.layers().size());
  EXPECT_EQ(actual.dtype(), expected.dtype());
  for (size_t i = 0; i < expected.layers().size(); ++i) {
    const KeyValueCache::Layer& layer = expected.layers()[i];
    const KeyValueCache::Layer& same = actual.layers()[i];
    EXPECT_EQ(same.first_page, layer.first_page);
    EXPECT_EQ(same.window, layer.window);
    EXPECT_EQ(same.tokens, layer.tokens);
    ASSERT_EQ(same.keys.size(), layer.keys.size());
    ASSERT_EQ(same.values.size(), layer.values.size());
    int64_t tokens = expected.length() - layer.first_page * CachePage::kTokens;
    for (size_t page = 0; page < layer.keys.size(); ++page, tokens -= CachePage::kTokens) {
      const int64_t count = std::min(tokens, CachePage::kTokens);
      expect_same_tensor(same.keys[page].rows, layer.keys[page].rows, count);
      expect_same_tensor(same.keys[page].scales, layer.keys[page].scales, count);
      expect_same_tensor(same.values[page].rows, layer.values[page].rows, count);
      expect_same_tensor(same.values[page].scales, layer.values[page].scales, count);
    }
  }
}

TEST_F(SessionFiles, GiveBackWhatWasSaved) {
  struct Case {
    int64_t tokens;
    std::optional<DType> dtype;
    int64_t window = 0;
  };
  const SessionNotes notes{{7, -1, 1LL << 40}, std::string("any\0bytes\xff", 10)};
  for (const Case& c : {Case{0, {}},
                        {1, {}},
                        {256, DType::kFloat32},
                        {300, DType::kBFloat16},
                        {257, DType::kInt8},
                        {1000, {}, 20},
                        {1024, DType::kInt8, 1},
                        {70, DType::kFloat16, 20}}) {
    SCOPED_TRACE(c.tokens);
    const KeyValueCache cache = cache_of(c.tokens, c.dtype, c.window);
    const Bytes bytes = written(cache, notes);
    const auto record = read_session(bytes, kModel, {}, pool());
    ASSERT_TRUE(record.ok()) << record.status().message();
    expect_same(record->cache, cache);
    EXPECT_EQ(record->notes.tokens, notes.tokens);
    EXPECT_EQ(record->notes.text, notes.text);
  }
}

TEST_F(SessionFiles, HoldNoMoreThanWasCommitted) {
  KeyValueCache cache = cache_of(10, {});
  const Bytes before = written(cache);
  const Tensor rows = *Tensor::empty(DType::kFloat32, std::array{int64_t{400}, int64_t{2}, int64_t{3}});
  std::fill_n(rows.data_as<float>(), rows.element_count(), 9.0F);
  ASSERT_TRUE(cache.append(pool(), 0, rows, rows).ok());
  cache.abandon();
  EXPECT_EQ(written(cache), before);
}

TEST_F(SessionFiles, AreRefusedWhenALayerMissedTokens) {
  KeyValueCache cache = cache_of(10, {});
  const Tensor rows = *Tensor::empty(DType::kFloat32, std::array{int64_t{1}, int64_t{2}, int64_t{3}});
  ASSERT_TRUE(cache.append(pool(), 0, rows, rows).ok());
  cache.commit();
  const Status status = write_session(path(), kModel, cache, {});
  EXPECT_NE(status.message().find("layer 2 missed tokens"), std::string::npos) << status.message();
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(SessionFiles, SayWhoseTheyAre) {
  const Bytes bytes = written(cache_of(3, DType::kInt8));
  expect_invalid(bytes, "another model", kModel + 1);
  expect_invalid({}, "no session's file");
  expect_invalid(Bytes(100), "no session's file");
  Bytes newer = bytes;
  newer[kVersionAt] = std::byte{2};
  expect_invalid(newer, "of version 2, this Hearth reads version 1");
  EXPECT_TRUE(read_session(bytes, kModel, DType::kInt8, pool()).ok());
  const Status other = read_session(bytes, kModel, DType::kFloat32, pool()).status();
  EXPECT_EQ(other.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(other.message().find("as int8, not as float32"), std::string::npos) << other.message();
}

TEST_F(SessionFiles, AreRefusedWhenAByteIsMissingOrAnother) {
  const Bytes bytes = written(cache_of(2, DType::kInt8, 5), {{1, 2, 3}, "text"});
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(read_session(std::span(bytes).first(size), kModel, {}, pool()).ok()) << size;
  }
  for (size_t place = 0; place < bytes.size(); ++place) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes other = bytes;
      other[place] ^= std::byte{1} << bit;
      EXPECT_EQ(read_session(other, kModel, {}, pool()).status().code(), StatusCode::kInvalidFile) << place;
    }
  }
  Bytes longer = bytes;
  longer.push_back(std::byte{0});
  expect_invalid(longer, "hash");
  expect_invalid(hashed(longer), "its size is not that of its layers");
}

/// A file whose hash is right: what its numbers say is checked none the less.
TEST_F(SessionFiles, AreCheckedBehindTheirHash) {
  const Bytes bytes = written(cache_of(2, {}, 5));
  for (size_t size = sizeof(uint64_t); size < bytes.size(); ++size) {
    EXPECT_FALSE(read_session(hashed(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))), kModel,
                              {}, pool())
                     .ok())
        << size;
  }
  // Layers, lengths and the layers' facts; an unknown field of the header is left out.
  const size_t facts_end = kHeaderSize + 3 * 6 * sizeof(uint64_t);
  for (size_t place = kVersionAt; place < facts_end; ++place) {
    for (const int value : {0x01, 0x7f, 0x80, 0xff}) {
      Bytes other = bytes;
      other[place] ^= static_cast<std::byte>(value);
      const auto record = read_session(hashed(other), kModel, {}, pool());
      EXPECT_TRUE(!record.ok() || record->cache.length() == 2) << place;
    }
  }
}

}  // namespace
}  // namespace hearth
