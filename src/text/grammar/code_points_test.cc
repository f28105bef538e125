#include "text/grammar/code_points.h"
#include "text/utf8.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

TEST(CodePointSet, JoinsAndSortsRangesAndLeavesOutSurrogates) {
  EXPECT_EQ((CodePointSet{{5, 9}, {1, 2}, {3, 4}, {7, 12}}), (CodePointSet{{1, 12}}));
  EXPECT_EQ((CodePointSet{{0xD000, 0xE100}}), (CodePointSet{{0xD000, 0xD7FF}, {0xE000, 0xE100}}));
  EXPECT_TRUE((CodePointSet{{0xD800, 0xDFFF}}).empty());
  EXPECT_FALSE(CodePointSet::all().contains(0xDABC));
  EXPECT_TRUE(CodePointSet::all().contains(0x10FFFF));
}

TEST(CodePointSet, CombinesSets) {
  const CodePointSet a{{10, 20}, {30, 40}};
  const CodePointSet b{{15, 35}};
  EXPECT_EQ(a.united(b), (CodePointSet{{10, 40}}));
  EXPECT_EQ(a.intersected(b), (CodePointSet{{15, 20}, {30, 35}}));
  EXPECT_EQ(a.without(b), (CodePointSet{{10, 14}, {36, 40}}));
  EXPECT_EQ(a.complement().complement(), a);
  EXPECT_TRUE(CodePointSet::all().complement().empty());
  EXPECT_EQ(CodePointSet().complement(), CodePointSet::all());
}

TEST(Utf8, DecodesWhatItEncodes) {
  for (const char32_t code_point : {0x0U, 0x7FU, 0x80U, 0x7FFU, 0x800U, 0xFFFFU, 0x10000U, 0x10FFFFU}) {
    std::string text;
    append_utf8(text, code_point);
    EXPECT_EQ(decode_utf8(text), std::u32string(1, code_point));
  }
  for (const char* wrong :
       {"\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80"}) {
    EXPECT_EQ(decode_utf8(wrong), std::nullopt);
  }
}

bool spelled(const std::vector<std::vector<ByteRange>>& sequences, const std::string& text) {
  size_t count = 0;
  for (const std::vector<ByteRange>& sequence : sequences) {
    bool fits = sequence.size() == text.size();
    for (size_t i = 0; fits && i < text.size(); ++i) {
      const auto byte = static_cast<uint8_t>(text[i]);
      fits = byte >= sequence[i].first && byte <= sequence[i].last;
    }
    count += fits ? 1 : 0;
  }
  EXPECT_LE(count, 1U);
  return count == 1;
}

TEST(Utf8, SequencesSpellExactlyTheMembers) {
  const CodePointSet sets[] = {
      CodePointSet::all(), {{0x41, 0x5A}, {0x3B1, 0x3C9}}, {{0x7E, 0x10001}}, {{0xFFFE, 0x1F600}}};
  for (const CodePointSet& set : sets) {
    const auto sequences = utf8_sequences(set);
    for (char32_t code_point = 0; code_point <= 0x10FFFF; code_point += code_point < 0x900 ? 1 : 97) {
      if (!CodePointSet::all().contains(code_point)) continue;
      std::string text;
      append_utf8(text, code_point);
      ASSERT_EQ(spelled(sequences, text), set.contains(code_point)) << uint32_t{code_point};
    }
  }
}

}  // namespace
}  // namespace hearth
