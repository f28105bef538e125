#include "text/grammar/token_trie.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace hearth {
namespace {

/// The tokens below each path of bytes.
std::map<std::string, std::vector<uint32_t>> paths(const TokenTrie& trie) {
  std::map<std::string, std::vector<uint32_t>> result;
  std::string path;
  for (uint32_t i = 0; i < trie.nodes().size(); ++i) {
    const TokenTrie::Node& node = trie.nodes()[i];
    EXPECT_LE(node.depth, path.size() + 1);
    path.resize(node.depth - 1U);
    path += static_cast<char>(node.byte);
    const auto tokens = trie.tokens(i);
    EXPECT_TRUE(result.emplace(path, std::vector<uint32_t>(tokens.begin(), tokens.end())).second);
    uint32_t after = i + 1;
    while (after < trie.nodes().size() && trie.nodes()[after].depth > node.depth) ++after;
    EXPECT_EQ(node.after, after);
  }
  return result;
}

TEST(TokenTrie, HoldsEachTokenOnceBelowItsBytes) {
  const std::vector<std::string_view> tokens{
      "b", "ab", "", "a", "abc", "ab", "\xff", "longer than eight", "longer than eighty"};
  const Result<TokenTrie> trie = TokenTrie::create(tokens);
  ASSERT_TRUE(trie.ok());
  const auto found = paths(*trie);
  std::vector<bool> seen(tokens.size());
  for (const auto& [path, indices] : found) {
    for (const uint32_t index : indices) {
      EXPECT_EQ(tokens[index], path);
      EXPECT_FALSE(seen[index]);
      seen[index] = true;
    }
  }
  for (size_t i = 0; i < tokens.size(); ++i) EXPECT_EQ(seen[i], !tokens[i].empty()) << i;
  EXPECT_EQ(trie->vocabulary_size(), tokens.size());
  EXPECT_EQ(trie->longest(), 18U);
}

TEST(TokenTrie, TakesNoTokensAndRefusesGiants) {
  EXPECT_TRUE(TokenTrie::create({})->nodes().empty());
  const std::string giant(70000, 'a');
  const std::string_view tokens[] = {giant};
  EXPECT_EQ(TokenTrie::create(tokens).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace hearth
