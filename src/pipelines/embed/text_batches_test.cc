#include "pipelines/embed/text_batches.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace hearth {
namespace {

using Batches = std::vector<std::vector<size_t>>;

TEST(TextBatches, PutsTextsOfSimilarLengthTogether) {
  struct Case {
    std::vector<int64_t> lengths;
    int64_t most_texts;
    Batches batches;
  };
  const Case cases[] = {
      {{}, 4, {}},
      {{5}, 4, {{0}}},
      {{5, 5, 5, 5, 5}, 2, {{0, 1}, {2, 3}, {4}}},
      {{3, 9, 4}, 4, {{1, 2, 0}}},
      {{3, 100, 80, 12, 60}, 4, {{1, 2}, {4}, {3}, {0}}},
      {{1500, 1500}, 4, {{0}, {1}}},
      {{1024, 1024, 1024}, 4, {{0, 1}, {2}}},
      {{100000}, 4, {{0}}},
  };
  for (const Case& c : cases) EXPECT_EQ(batch_texts(c.lengths, c.most_texts), c.batches);
}

TEST(TextBatches, HoldEachTextOnce) {
  std::mt19937 generator(1);
  std::vector<int64_t> lengths(1000);
  for (int64_t& length : lengths) length = static_cast<int64_t>(generator() % 700 + 1);
  std::vector<size_t> seen;
  for (const auto& batch : batch_texts(lengths, 64)) {
    ASSERT_FALSE(batch.empty());
    EXPECT_LE(batch.size(), 64U);
    for (const size_t place : batch) EXPECT_LE(lengths[place], lengths[batch.front()]);
    EXPECT_LE(static_cast<int64_t>(batch.size()) * lengths[batch.front()], 2048);
    seen.insert(seen.end(), batch.begin(), batch.end());
  }
  std::ranges::sort(seen);
  ASSERT_EQ(seen.size(), lengths.size());
  for (size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], i);
}

}  // namespace
}  // namespace hearth
