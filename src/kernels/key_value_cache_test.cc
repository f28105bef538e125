#include "kernels/key_value_cache.h"

#include "kernels/cpu/kernel_test_support.h"
#include "kernels/tensor_literals.h"

namespace hearth {
namespace {

class KeyValueCaches : public testing::Test {
 protected:
  /// Appends `tokens` tokens whose numbers are all `value` to layers 0 and 1.
  static void append(KeyValueCache& cache, int64_t tokens, float value) {
    const Tensor rows = *Tensor::empty(DType::kFloat32, std::array{tokens, int64_t{2}, int64_t{3}});
    std::fill_n(rows.data_as<float>(), rows.element_count(), value);
    for (const int64_t layer : {0, 1}) ASSERT_TRUE(cache.append(pool(), layer, rows, rows).ok());
  }
  static float number_at(const KeyValueCache& cache, int64_t token) {
    const KeyValueCache::Layer& layer = cache.layer(1);
    const int64_t number = token / KeyValueCache::kTokensOfPage - layer.first_page;
    const Tensor& page = layer.values[static_cast<size_t>(number)].rows;
    return page.data_as<float>()[token % KeyValueCache::kTokensOfPage * page.stride(2)];
  }
  static MemoryPool& pool() {
    static const std::shared_ptr<MemoryPool> pool = MemoryPool::create(*open_device("cpu"));
    return *pool;
  }
};

TEST_F(KeyValueCaches, KeepsWhatWasCommitted) {
  KeyValueCache cache;
  append(cache, 300, 1);
  EXPECT_EQ(cache.length(), 0);
  cache.commit();
  EXPECT_EQ(cache.length(), 300);
  append(cache, 5, 2);
  cache.abandon();
  append(cache, 1, 3);
  cache.commit();
  EXPECT_EQ(cache.length(), 301);
  EXPECT_EQ(number_at(cache, 299), 1);
  EXPECT_EQ(number_at(cache, 300), 3);
}

TEST_F(KeyValueCaches, CopiesSharePagesUntilOneIsWrittenTo) {
  KeyValueCache cache;
  append(cache, 300, 1);
  cache.commit();
  KeyValueCache fork = cache;
  EXPECT_EQ(fork.layer(0).keys[1].rows.data(), cache.layer(0).keys[1].rows.data());
  append(fork, 1, 2);
  fork.commit();
  append(cache, 1, 3);
  cache.commit();
  EXPECT_EQ(fork.layer(0).keys[0].rows.data(), cache.layer(0).keys[0].rows.data());
  EXPECT_NE(fork.layer(0).keys[1].rows.data(), cache.layer(0).keys[1].rows.data());
  EXPECT_EQ(number_at(fork, 299), 1);
  EXPECT_EQ(number_at(fork, 300), 2);
  EXPECT_EQ(number_at(cache, 300), 3);
}

TEST_F(KeyValueCaches, GoesBack) {
  KeyValueCache cache;
  append(cache, 600, 1);
  cache.commit();
  const size_t bytes = cache.byte_count();
  ASSERT_TRUE(cache.truncate(256).ok());
  EXPECT_EQ(cache.byte_count() * 3, bytes);
  append(cache, 2, 2);
  cache.commit();
  EXPECT_EQ(number_at(cache, 255), 1);
  EXPECT_EQ(number_at(cache, 256), 2);
  EXPECT_NE(cache.truncate(259).message().find("258 tokens"), std::string::npos);
}

TEST_F(KeyValueCaches, GivesBackWhatNoWindowSees) {
  KeyValueCache cache;
  const Tensor rows = counting<float>({100, 1, 4});
  for (int step = 0; step < 20; ++step) {
    ASSERT_TRUE(cache.append(pool(), 0, rows, rows, 10).ok());
    ASSERT_TRUE(cache.append(pool(), 1, rows, rows, 50).ok());
    cache.commit();
  }
  EXPECT_EQ(cache.layer(0).first_page, 6);
  EXPECT_EQ(cache.layer(1).first_page, 6);
  KeyValueCache fork = cache;
  const int64_t shortest = 6 * KeyValueCache::kTokensOfPage + 50 - 1;
  EXPECT_EQ(cache.shortest_truncation(), shortest);
  EXPECT_NE(cache.truncate(shortest - 1).message().find("1585 is the least"), std::string::npos);
  EXPECT_EQ(cache.length(), 2000);
  ASSERT_TRUE(cache.truncate(shortest).ok());
  ASSERT_TRUE(cache.append(pool(), 0, rows, rows, 10).ok());
  ASSERT_TRUE(cache.append(pool(), 1, rows, rows, 50).ok());
  cache.abandon();
  EXPECT_TRUE(cache.truncate(0).ok());
  EXPECT_EQ(cache.byte_count(), 0U);
  EXPECT_EQ(cache.shortest_truncation(), 0);
  EXPECT_EQ(fork.length(), 2000);
  EXPECT_TRUE(fork.truncate(2000 - KeyValueCache::kTokensToGoBack).ok());
}

TEST_F(KeyValueCaches, RoundsToInt8WithAScale) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  struct Case {
    std::vector<float> row;
    float scale;
    std::vector<int> rounded;
  };
  const Case cases[] = {
      {{1, -127, 0.4F, 63.6F}, 1, {1, -127, 0, 64}}, {{0, 0, 0, 0}, 0, {0, 0, 0, 0}},
      {{1e-42F, 0, 0, 0}, 0, {0, 0, 0, 0}},          {{3e38F, -3e38F, 0, 1}, 3e38F / 127, {127, -127, 0, 0}},
      {{1, kInfinity, 0, 0}, kNan, {0, 0, 0, 0}},    {{kNan, 1, 0, 0}, kNan, {0, 0, 0, 0}}};
  for (const Case& c : cases) {
    KeyValueCache cache(DType::kInt8);
    const Tensor rows = *Tensor::empty(DType::kFloat32, std::array{int64_t{1}, int64_t{1}, int64_t{4}});
    std::ranges::copy(c.row, rows.data_as<float>());
    ASSERT_TRUE(cache.append(pool(), 0, rows, rows).ok());
    const CachePage& page = cache.layer(0).keys[0];
    const float scale = page.scales.data_as<float>()[0];
    EXPECT_TRUE(std::isnan(c.scale) ? std::isnan(scale) : scale == c.scale) << scale;
    for (size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(page.rows.data_as<uint8_t>()[i] - CachePage::kZero, c.rounded[i]) << c.row[i];
    }
  }
}

TEST_F(KeyValueCaches, ALayerThatMissedTokensIsRefusedUntilTheSequenceGoesBack) {
  KeyValueCache cache;
  append(cache, 3, 1);
  cache.commit();
  const Tensor two = counting<float>({2, 2, 3});
  ASSERT_TRUE(cache.append(pool(), 0, two, two).ok());
  cache.commit();
  EXPECT_NE(cache.append(pool(), 1, two, two).message().find("layer 1 missed tokens"), std::string::npos);
  ASSERT_TRUE(cache.truncate(3).ok());
  EXPECT_TRUE(cache.append(pool(), 1, two, two).ok());
}

TEST_F(KeyValueCaches, RefusesWhatDoesNotGoTogether) {
  KeyValueCache cache;
  append(cache, 3, 1);
  const Tensor other = counting<float>({3, 2, 4});
  EXPECT_NE(cache.append(pool(), 0, other, other).message().find("do not go with"), std::string::npos);
  const Tensor more = counting<float>({4, 2, 3});
  EXPECT_NE(cache.append(pool(), 1, more, more).message().find("another layer 3"), std::string::npos);
  EXPECT_FALSE(cache.append(pool(), 0, other, more).ok());
  cache.commit();
  append(cache, 300, 1);
  cache.commit();
  const Tensor one = counting<float>({1, 2, 3});
  EXPECT_NE(cache.append(pool(), 2, one, one).message().find("missed tokens"), std::string::npos);
}

}  // namespace
}  // namespace hearth
