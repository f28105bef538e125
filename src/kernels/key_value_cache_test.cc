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
    const Tensor& page = cache.layer(1).values[static_cast<size_t>(token / KeyValueCache::kTokensOfPage)];
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
  EXPECT_EQ(fork.layer(0).keys[1].data(), cache.layer(0).keys[1].data());
  append(fork, 1, 2);
  fork.commit();
  append(cache, 1, 3);
  cache.commit();
  EXPECT_EQ(fork.layer(0).keys[0].data(), cache.layer(0).keys[0].data());
  EXPECT_NE(fork.layer(0).keys[1].data(), cache.layer(0).keys[1].data());
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

TEST_F(KeyValueCaches, RefusesWhatDoesNotGoTogether) {
  KeyValueCache cache;
  append(cache, 3, 1);
  const Tensor other = counting<float>({3, 2, 4});
  EXPECT_NE(cache.append(pool(), 0, other, other).message().find("does not go with"), std::string::npos);
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
