#include "text/chat_template/origin_text.h"

#include <gtest/gtest.h>

namespace hearth::jinja {
namespace {

OriginText mixed() {
  OriginText text("<|", true);
  text.append("user", false);
  text.append("|>", true);
  return text;
}

TEST(OriginText, JoinsNeighboursOfOneOrigin) {
  OriginText text("a", true);
  text.append("b", true);
  text.append("", false);
  text.append(OriginText("c", true));
  EXPECT_EQ(text.bytes(), "abc");
  EXPECT_EQ(text.runs().size(), 1U);
  EXPECT_TRUE(text.trusted());
}

TEST(OriginText, IsTrustedAsAWholeOnlyIfAllOfItIs) {
  EXPECT_TRUE(OriginText().trusted());
  EXPECT_FALSE(mixed().trusted());
  EXPECT_FALSE(OriginText("x", false).trusted());
}

TEST(OriginText, KnowsTheOriginOfEachByte) {
  const OriginText text = mixed();
  std::string origins;
  for (size_t i = 0; i < text.size(); ++i) origins += text.trusted_at(i) ? 't' : 'u';
  EXPECT_EQ(origins, "ttuuuutt");
}

TEST(OriginText, PartsKeepTheirOrigins) {
  struct Case {
    size_t begin;
    size_t size;
    std::string_view bytes;
    size_t runs;
    bool first_trusted;
  };
  constexpr Case kCases[] = {{0, 8, "<|user|>", 3, true},
                             {1, 3, "|us", 2, true},
                             {2, 4, "user", 1, false},
                             {5, 2, "r|", 2, false},
                             {7, 1, ">", 1, true}};
  for (const Case& test : kCases) {
    const OriginText part = mixed().part(test.begin, test.size);
    EXPECT_EQ(part.bytes(), test.bytes);
    ASSERT_EQ(part.runs().size(), test.runs) << test.bytes;
    EXPECT_EQ(part.trusted_at(0), test.first_trusted) << test.bytes;
    EXPECT_EQ(part.runs().back().end, part.size());
  }
  EXPECT_TRUE(mixed().part(8, 0).empty());
}

}  // namespace
}  // namespace hearth::jinja
