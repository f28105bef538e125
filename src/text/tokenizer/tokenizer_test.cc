#include "text/tokenizer/tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "text/tokenizer/streaming_decoder.h"
#include "text/tokenizer/testing/table_bytes.h"

namespace hearth {
namespace {

using Ids = std::vector<int64_t>;

class TokenizerTest : public ::testing::Test {
 protected:
  Tokenizer open() const {
    Result<Tokenizer> tokenizer = Tokenizer::open(table_.bytes());
    EXPECT_TRUE(tokenizer.ok()) << tokenizer.status().message();
    return std::move(tokenizer).value();
  }
  static Ids ids(const Result<Ids>& result) {
    EXPECT_TRUE(result.ok()) << result.status().message();
    return result.ok() ? *result : Ids{-1};
  }

  testing::TableBytes table_ = testing::word_table();
};

TEST_F(TokenizerTest, EncodesAndDecodes) {
  const Tokenizer tokenizer = open();
  EXPECT_EQ(ids(tokenizer.encode("hello  world")), (Ids{0, 2, 3}));
  EXPECT_EQ(ids(tokenizer.encode("hello there", {.add_special_tokens = false})), (Ids{2, 1}));
  EXPECT_EQ(ids(tokenizer.encode("")), (Ids{0}));
  EXPECT_EQ(*tokenizer.decode(Ids{0, 2, 3}), "hello world");
  EXPECT_EQ(*tokenizer.decode(Ids{0, 2, 3}, false), "<s> hello world");
}

TEST_F(TokenizerTest, RecognisesSpecialTokensWhereItIsAllowedTo) {
  const Tokenizer tokenizer = open();
  EXPECT_EQ(ids(tokenizer.encode("hello<s>world", {false, true})), (Ids{2, 0, 3}));
  EXPECT_EQ(ids(tokenizer.encode("hello<s>world", {false, false})), (Ids{1}));
  const TextSegment segments[] = {{"hello <s>", true}, {"<s> world", false}};
  EXPECT_EQ(ids(tokenizer.encode(segments, false)), (Ids{2, 0, 1, 3}));
}

TEST_F(TokenizerTest, KnowsItsTokens) {
  const Tokenizer tokenizer = open();
  EXPECT_EQ(tokenizer.vocabulary_size(), 4);
  EXPECT_EQ(tokenizer.find("world"), 3);
  EXPECT_EQ(tokenizer.find("<s>"), 0);
  EXPECT_EQ(tokenizer.find("worl"), std::nullopt);
  EXPECT_TRUE(tokenizer.is_special(0));
  EXPECT_FALSE(tokenizer.is_special(2));
  EXPECT_EQ(tokenizer.token_bytes(2), " hello");
}

TEST_F(TokenizerTest, LeavesOutNumbersThatAreNoTokens) {
  const Tokenizer tokenizer = open();
  for (const int64_t id : {int64_t{-1}, int64_t{4}, int64_t{1} << 40}) {
    EXPECT_EQ(*tokenizer.decode(Ids{2, id, 3}), "hello world");
    EXPECT_EQ(tokenizer.token_bytes(id), "");
    EXPECT_FALSE(tokenizer.is_special(id));
  }
}

TEST_F(TokenizerTest, StreamsWhatItDecodes) {
  const Tokenizer tokenizer = open();
  StreamingDecoder decoder(tokenizer);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(*decoder.push(0), "");
    EXPECT_EQ(*decoder.push(2), "hello");
    EXPECT_EQ(*decoder.push(3), " world");
    EXPECT_EQ(*decoder.finish(), "");
  }
}

TEST_F(TokenizerTest, ServesThreadsAtOnce) {
  const Tokenizer tokenizer = open();
  std::vector<std::thread> threads;
  std::vector<Ids> found(4);
  for (Ids& result : found) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) result = ids(tokenizer.encode("world hello"));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Ids& result : found) EXPECT_EQ(result, (Ids{0, 3, 2}));
}

TEST_F(TokenizerTest, RefusesATableThatIsCutOff) {
  for (size_t size = 0; size < table_.bytes().size(); ++size) {
    const Result<Tokenizer> tokenizer = Tokenizer::open(table_.bytes().first(size));
    ASSERT_FALSE(tokenizer.ok()) << size;
    EXPECT_EQ(tokenizer.status().code(), StatusCode::kInvalidFile);
  }
}

TEST_F(TokenizerTest, RefusesBytesAfterATable) {
  EXPECT_FALSE(Tokenizer::open(table_.number(uint8_t{0}).bytes()).ok());
}

TEST_F(TokenizerTest, SurvivesATableWithAnyByteChanged) {
  const std::vector<std::byte> good(table_.bytes().begin(), table_.bytes().end());
  size_t opened = 0;
  for (size_t at = 0; at < good.size(); ++at) {
    for (const unsigned change : {0x01U, 0x80U, 0xFFU}) {
      std::vector<std::byte> bad = good;
      bad[at] ^= static_cast<std::byte>(change);
      const Result<Tokenizer> tokenizer = Tokenizer::open(bad);
      if (!tokenizer.ok()) continue;
      ++opened;
      const Result<Ids> found = tokenizer->encode("hello <s> world", {true, true});
      EXPECT_TRUE(!found.ok() || tokenizer->decode(*found, false).ok());
    }
  }
  EXPECT_GT(opened, 0U);
}

}  // namespace
}  // namespace hearth
