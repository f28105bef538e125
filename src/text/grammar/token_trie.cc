#include "text/grammar/token_trie.h"

#include <algorithm>
#include <atomic>
#include <limits>

#include "base/checked.h"
#include "base/errors.h"

namespace hearth {
namespace {

constexpr size_t kLongestToken = std::numeric_limits<uint16_t>::max();

struct Entry {
  uint64_t prefix;  ///< The first bytes, in the order of which entries are sorted without a look at the rest.
  std::string_view bytes;
  uint32_t token;

  bool operator<(const Entry& other) const {
    if (prefix != other.prefix) return prefix < other.prefix;
    if (const int order = bytes.compare(other.bytes); order != 0) return order < 0;
    return token < other.token;
  }
};

uint64_t prefix_of(std::string_view bytes) {
  uint64_t prefix = 0;
  for (size_t i = 0; i < sizeof(prefix); ++i) {
    prefix = prefix << 8 | (i < bytes.size() ? static_cast<uint8_t>(bytes[i]) : 0);
  }
  return prefix;
}

size_t common_length(std::string_view a, std::string_view b) {
  return static_cast<size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

Result<std::vector<Entry>> sorted_entries(std::span<const std::string_view> tokens) {
  std::vector<Entry> entries;
  entries.reserve(tokens.size());
  CheckedSize total = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].size() > kLongestToken) {
      return invalid_argument("token trie: token {} has {} bytes, the most is {}", i, tokens[i].size(), kLongestToken);
    }
    total += tokens[i].size();
    if (!tokens[i].empty()) entries.push_back({prefix_of(tokens[i]), tokens[i], static_cast<uint32_t>(i)});
  }
  if (!total.as<uint32_t>() || !CheckedSize(tokens.size()).as<uint32_t>()) {
    return invalid_argument("token trie: the vocabulary is larger than 4 GiB");
  }
  std::ranges::sort(entries, std::less<>());
  return entries;
}

}  // namespace

Result<TokenTrie> TokenTrie::create(std::span<const std::string_view> tokens) {
  static std::atomic<uint64_t> next_serial = 1;
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Entry> entries, sorted_entries(tokens));
  TokenTrie trie;
  trie.serial_ = next_serial++;
  trie.vocabulary_size_ = tokens.size();
  trie.tokens_.reserve(entries.size());
  std::vector<uint32_t> path;  // The nodes of the entry before.
  const auto close = [&](size_t depth) {
    for (; path.size() > depth; path.pop_back())
      trie.nodes_[path.back()].after = static_cast<uint32_t>(trie.nodes_.size());
  };
  std::string_view before;
  for (const Entry& entry : entries) {
    close(common_length(before, entry.bytes));
    for (size_t depth = path.size(); depth < entry.bytes.size(); ++depth) {
      path.push_back(static_cast<uint32_t>(trie.nodes_.size()));
      trie.nodes_.push_back({0, static_cast<uint32_t>(trie.tokens_.size()), static_cast<uint16_t>(depth + 1),
                             static_cast<uint8_t>(entry.bytes[depth])});
    }
    trie.tokens_.push_back(entry.token);
    trie.longest_ = std::max(trie.longest_, entry.bytes.size());
    before = entry.bytes;
  }
  close(0);
  const auto end = static_cast<uint32_t>(trie.nodes_.size());
  trie.nodes_.push_back({end, static_cast<uint32_t>(trie.tokens_.size()), 0, 0});
  return trie;
}

}  // namespace hearth
