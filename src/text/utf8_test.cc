#include "text/utf8.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

TEST(Utf8, ReplacesPartsThatAreNoCharacters) {
  struct Case {
    std::string_view text;
    std::string_view repaired;
  };
  const Case cases[] = {
      {"", ""},
      {"a\xC3\xA9\xE6\xBC\xA2\xF0\x9F\x91\x8D", "a\xC3\xA9\xE6\xBC\xA2\xF0\x9F\x91\x8D"},
      {"\xFF", "\uFFFD"},
      {"\x80\x80", "\uFFFD\uFFFD"},
      {"\xC0\xAF", "\uFFFD\uFFFD"},  // Longer than needed.
      {"\xE0\x80\xAF", "\uFFFD\uFFFD\uFFFD"},
      {"\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},            // A surrogate.
      {"\xF4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},  // Beyond the last code point.
      {"\xE6\xBC", "\uFFFD"},                            // One for the beginning of a character.
      {"\xE6\xBC"
       "a",
       "\uFFFD"
       "a"},
      {"\xF0\x9F\x91", "\uFFFD"},
      {"\xF0\x9F\x91\xF0\x9F\x91\x8D", "\uFFFD\U0001F44D"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(repaired_utf8(c.text), c.repaired) << c.repaired;
    EXPECT_EQ(is_valid_utf8(c.text), c.text == c.repaired);
  }
}

TEST(Utf8, KnowsHowManyBytesBeginACharacter) {
  struct Case {
    std::string_view text;
    size_t cut;
  };
  const Case cases[] = {
      {"", 0},     {"a", 0},    {"\xC3", 1},     {"a\xE6\xBC", 2},        {"\xF0\x9F\x91", 3},    {"\xC3\xA9", 0},
      {"\xFF", 0}, {"\xC0", 0}, {"\xED\xA0", 0}, {"\x80\x80\x80\x80", 0}, {"\xE6\xBC\xA2\xE6", 1}};
  for (const Case& c : cases) EXPECT_EQ(cut_utf8_bytes(c.text), c.cut) << c.cut;
}

TEST(Utf8, DecodesWhatIsValid) {
  EXPECT_EQ(decode_utf8("a\xC3\xA9\xF0\x9F\x91\x8D"), U"a\u00E9\U0001F44D");
  EXPECT_EQ(decode_utf8(""), U"");
  for (const std::string_view text : {"\xC3", "\xED\xA0\x80", "\xF4\x90\x80\x80"}) {
    EXPECT_EQ(decode_utf8(text), std::nullopt);
  }
}

TEST(Utf8, WritesWhatItReads) {
  for (const char32_t code : {0x0, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFD, 0xFFFF, 0x10000, 0x10FFFF}) {
    std::string text;
    append_utf8(text, code);
    EXPECT_EQ(read_utf8(text, 0).code_point, code);
    EXPECT_EQ(read_valid_utf8(text, 0).code_point, code);
    EXPECT_EQ(read_valid_utf8(text, 0).length, text.size());
    EXPECT_EQ(count_characters(text), 1U);
  }
}

}  // namespace
}  // namespace hearth
