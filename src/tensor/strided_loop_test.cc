#include "tensor/strided_loop.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "tensor/testing/make_tensor.h"

namespace hearth {
namespace {

using testing::Sizes;
using Pair = std::array<int64_t, 2>;

struct Walk {
  std::multiset<Pair> offsets;
  int runs = 0;
};

Walk walk(const Sizes& shape, const Sizes& first, const Sizes& second) {
  Walk result;
  StridedLoop<2>(shape, {first, second}).run([&](const Pair& offsets, int64_t count, const Pair& strides) {
    result.runs += 1;
    for (int64_t i = 0; i < count; ++i) {
      result.offsets.insert({offsets[0] + i * strides[0], offsets[1] + i * strides[1]});
    }
  });
  return result;
}

TEST(StridedLoop, VisitsTheSamePairsAsTheObviousLoop) {
  constexpr uint32_t kSeed = 42;
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  std::mt19937 random(kSeed);
  for (int round = 0; round < 2000; ++round) {
    const Sizes shape = testing::random_shape(random);
    const Sizes first = testing::random_strides(shape, random);
    Sizes second = testing::random_strides(shape, random);
    for (int64_t& stride : second) stride = random() % 4 == 0 ? 0 : stride;
    std::multiset<Pair> expected;
    testing::for_each_index(shape, [&](std::span<const int64_t> index) {
      expected.insert({testing::offset_of(index, first), testing::offset_of(index, second)});
    });
    ASSERT_EQ(walk(shape, first, second).offsets, expected)
        << describe_shape(shape) << describe_shape(first) << describe_shape(second);
  }
}

TEST(StridedLoop, MergesWhatLiesTogether) {
  struct Case {
    Sizes shape;
    Sizes first;
    Sizes second;
    int runs;
  };
  const Case cases[] = {{{4, 3, 2}, {6, 2, 1}, {6, 2, 1}, 1},
                        {{4, 3, 2}, {1, 4, 12}, {1, 4, 12}, 1},
                        {{4, 1, 2}, {2, 99, 1}, {2, 7, 1}, 1},
                        {{4, 3}, {3, 1}, {1, 4}, 4},
                        {{4, 3}, {3, 1}, {0, 0}, 1},
                        {{4, 3}, {3, 1}, {0, 1}, 4},
                        {{}, {}, {}, 1},
                        {{1, 1}, {5, 5}, {5, 5}, 1},
                        {{4, 0, 2}, {0, 2, 1}, {0, 2, 1}, 0}};
  for (const Case& c : cases) EXPECT_EQ(walk(c.shape, c.first, c.second).runs, c.runs) << describe_shape(c.shape);
}

TEST(StridedLoop, TakesAnyStridesOfAnEmptyTensor) {
  const int64_t huge = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(walk({2, 3, 0}, {huge, huge, huge}, {1, huge / 2, 0}).runs, 0);
}

TEST(StridedLoop, WalksTheHighestRank) {
  const Sizes shape(kMaxRank, 2);
  const Sizes spread(kMaxRank, 1);
  EXPECT_EQ(walk(shape, spread, spread).offsets.size(), size_t{1} << kMaxRank);
}

}  // namespace
}  // namespace hearth
