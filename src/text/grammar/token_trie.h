#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "hearth/status.h"

namespace hearth {

/// The tokens of a vocabulary as a tree of bytes, in which a mask is found for all tokens at once. Immutable.
class TokenTrie {
 public:
  struct Node {
    uint32_t after;        ///< The first node that does not lie below this one.
    uint32_t first_token;  ///< Index into tokens() of the first that ends here; they go on to the next node's first.
    uint16_t depth;        ///< Bytes on the way here: 1 or more.
    uint8_t byte;
  };

  /// `tokens`: the bytes of each token; empty for special tokens, which are never allowed. kInvalidArgument for tokens
  /// of more than 65535 bytes.
  static Result<TokenTrie> create(std::span<const std::string_view> tokens);

  size_t vocabulary_size() const { return vocabulary_size_; }
  size_t longest() const { return longest_; }
  /// All nodes, each before those below it.
  std::span<const Node> nodes() const { return {nodes_.data(), nodes_.size() - 1}; }
  /// The tokens that end at a node.
  std::span<const uint32_t> tokens(uint32_t node) const {
    return {tokens_.data() + nodes_[node].first_token, nodes_[node + 1].first_token - nodes_[node].first_token};
  }
  /// Another number for each trie that was made.
  uint64_t serial() const { return serial_; }

 private:
  TokenTrie() = default;

  size_t vocabulary_size_ = 0;
  size_t longest_ = 0;
  std::vector<Node> nodes_;  ///< One more than there are.
  std::vector<uint32_t> tokens_;
  uint64_t serial_ = 0;
};

}  // namespace hearth
