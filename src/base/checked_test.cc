#include "base/checked.h"

#include <gtest/gtest.h>

#include <array>

namespace hearth {
namespace {

constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
using Value = std::optional<uint64_t>;

TEST(CheckedSize, FindsEveryOverflow) {
  struct Case {
    uint64_t a;
    uint64_t b;
    Value sum;
    Value difference;
    Value product;
  };
  constexpr uint64_t kHalf = uint64_t{1} << 32;
  const std::array cases{
      Case{0, 0, 0, 0, 0},
      Case{5, 3, 8, 2, 15},
      Case{3, 5, 8, {}, 15},
      Case{kMost, 0, kMost, kMost, 0},
      Case{kMost, 1, {}, kMost - 1, kMost},
      Case{0, kMost, kMost, {}, 0},
      Case{kMost, kMost, {}, 0, {}},
      Case{kHalf, kHalf, 2 * kHalf, 0, {}},
      Case{kHalf, kHalf - 1, 2 * kHalf - 1, 1, kMost - kHalf + 1},
      Case{kMost / 2, 2, kMost / 2 + 2, kMost / 2 - 2, kMost - 1},
      Case{kMost / 2 + 1, 2, kMost / 2 + 3, kMost / 2 - 1, {}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(::testing::Message() << c.a << " and " << c.b);
    const CheckedSize a = c.a;
    const CheckedSize b = c.b;
    EXPECT_EQ((a + b).get(), c.sum);
    EXPECT_EQ((a - b).get(), c.difference);
    EXPECT_EQ((a * b).get(), c.product);
    CheckedSize sum = a;
    sum += b;
    CheckedSize product = a;
    product *= b;
    EXPECT_EQ(sum.get(), c.sum);
    EXPECT_EQ(product.get(), c.product);
    EXPECT_EQ(fits(a, b), c.a <= c.b);
  }
}

TEST(CheckedSize, StaysInvalid) {
  const CheckedSize overflow = CheckedSize(kMost) + 1;
  for (const CheckedSize& size : {overflow, CheckedSize(-1), CheckedSize(std::numeric_limits<int64_t>::min())}) {
    EXPECT_FALSE(size.valid());
    EXPECT_EQ((size * 0).get(), Value());
    EXPECT_EQ((size - size).get(), Value());
    EXPECT_EQ((CheckedSize(1) + size).get(), Value());
    EXPECT_EQ(size.as<uint64_t>(), Value());
    EXPECT_FALSE(fits(size, kMost));
    EXPECT_FALSE(fits(0, size));
  }
}

TEST(CheckedSize, NarrowsOnlyWhatFits) {
  EXPECT_EQ(CheckedSize(127).as<int8_t>(), int8_t{127});
  EXPECT_EQ(CheckedSize(128).as<int8_t>(), std::nullopt);
  EXPECT_EQ(CheckedSize(255).as<uint8_t>(), uint8_t{255});
  EXPECT_EQ(CheckedSize(256).as<uint8_t>(), std::nullopt);
  EXPECT_EQ(CheckedSize(kMost / 2).as<int64_t>(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(CheckedSize(kMost / 2 + 1).as<int64_t>(), std::nullopt);
  EXPECT_EQ(CheckedSize(kMost).as<uint64_t>(), kMost);
}

}  // namespace
}  // namespace hearth
