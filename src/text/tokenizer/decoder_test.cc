#include "text/tokenizer/decoder.h"

#include <gtest/gtest.h>

#include "text/tokenizer/testing/table_bytes.h"

namespace hearth::tokenizer {
namespace {

using hearth::testing::TableBytes;

Decoder read(const TableBytes& table) {
  TableReader reader(table.bytes());
  Result<Decoder> decoder = Decoder::read(reader);
  EXPECT_TRUE(decoder.ok()) << decoder.status().message();
  return std::move(decoder).value();
}

/// What each token gives, and the end.
std::vector<std::string> stream(const Decoder& decoder, const std::vector<std::string>& tokens) {
  Decoder::State state = decoder.begin();
  std::vector<std::string> given;
  for (const std::string& token : tokens) EXPECT_TRUE(decoder.push(state, token, given.emplace_back()).ok());
  EXPECT_TRUE(decoder.finish(state, given.emplace_back()).ok());
  return given;
}

using Texts = std::vector<std::string>;

TEST(Decoder, HoldsBackTheStartOfACharacter) {
  const TableBytes table = TableBytes().number(uint32_t{1}).number(uint8_t{9});
  const Decoder decoder = read(table);
  EXPECT_EQ(stream(decoder, {"Ġa", "æ", "¼¢b", "æ", "c", "æ¼"}), (Texts{" a", "", "漢b", "", "\uFFFDc", "", "\uFFFD"}));
  EXPECT_EQ(*decoder.bytes("æ¼"), "\xE6\xBC");
}

TEST(Decoder, HoldsBackARunOfBytesThatMayYetBreak) {
  const TableBytes table = TableBytes().number(uint32_t{1}).number(uint8_t{2});
  const Decoder decoder = read(table);
  EXPECT_EQ(stream(decoder, {"<0xC3>", "<0xA9>", "x", "<0xC3>", "<0xA9>", "<0xFF>", "<0x4>"}),
            (Texts{"", "", "éx", "", "", "", "\uFFFD\uFFFD\uFFFD<0x4>", ""}));
  EXPECT_EQ(*decoder.bytes("<0xC3>"), "\xC3");
}

TEST(Decoder, StripsTheTextAndNotEveryToken) {
  const TableBytes table = TableBytes()
                               .number(uint32_t{2})
                               .number(uint8_t{3})
                               .number(uint8_t{4})
                               .text(" ")
                               .number(uint32_t{1})
                               .number(uint32_t{2});
  const Decoder decoder = read(table);
  EXPECT_EQ(stream(decoder, {"", " ", " a", " b  ", " ", "c "}), (Texts{"", "", " a", " b", " ", "  c", ""}));
  EXPECT_EQ(*decoder.bytes(" a"), " a");
}

TEST(Decoder, HoldsBackAWordsEnd) {
  const TableBytes table = TableBytes().number(uint32_t{1}).number(uint8_t{7}).text("</w>");
  const Decoder decoder = read(table);
  EXPECT_EQ(stream(decoder, {"he", "y</w>", "you</w>"}), (Texts{"he", "", "y ", "you"}));
  EXPECT_EQ(*decoder.bytes("y</w>"), "y ");
}

TEST(Decoder, JoinsPiecesOfWordsAndCleansUp) {
  const TableBytes table = TableBytes().number(uint32_t{1}).number(uint8_t{6}).text("##").number(uint8_t{1});
  const Decoder decoder = read(table);
  EXPECT_EQ(stream(decoder, {"##a", "b", "##c", "."}), (Texts{"##a", " b", "c", ".", ""}));
}

TEST(Decoder, RefusesStepsThatItCannotStream) {
  const TableBytes table = TableBytes().number(uint32_t{2}).number(uint8_t{3}).number(uint8_t{2});
  TableReader reader(table.bytes());
  EXPECT_EQ(Decoder::read(reader).status().code(), StatusCode::kInvalidFile);
}

TEST(Decoder, RefusesMoreStepsThanATokenizerHas) {
  TableBytes table;
  table.number(uint32_t{65});
  for (int i = 0; i < 65; ++i) table.number(uint8_t{3});
  TableReader reader(table.bytes());
  EXPECT_FALSE(Decoder::read(reader).ok());
}

}  // namespace
}  // namespace hearth::tokenizer
