#pragma once

#include <array>
#include <optional>

#include "text/tokenizer/table_reader.h"

namespace hearth::tokenizer {

/// Texts with a number each, found byte by byte: a tree whose nodes are numbered breadth first, so that node k > 0 is
/// where edge k - 1 leads to, and the edges of a node follow one another, by ascending byte. Used in place.
class Trie {
 public:
  static constexpr uint32_t kRoot = 0;

  /// kInvalidFile when the tree is none, or a number is not less than `values`.
  static Result<Trie> read(TableReader& reader, size_t values);

  /// The node where the edge `byte` of `node` leads to, or kRoot when there is none.
  uint32_t child(uint32_t node, char byte) const {
    return node == kRoot ? root_[static_cast<unsigned char>(byte)]
                         : inner_child(node, static_cast<unsigned char>(byte));
  }
  /// Where a text leads to from `node`, or nothing.
  std::optional<uint32_t> walk(uint32_t node, std::string_view text) const;
  /// The number of the text that ends in this node.
  std::optional<uint32_t> value(uint32_t node) const {
    const uint32_t value = values_[node];
    return value == 0 ? std::nullopt : std::optional(value - 1);
  }
  std::optional<uint32_t> find(std::string_view text) const;
  bool empty() const { return values_.size() <= 1; }

 private:
  uint32_t inner_child(uint32_t node, unsigned char byte) const;

  PackedArray<uint32_t> first_edge_;
  PackedArray<uint8_t> labels_;
  PackedArray<uint32_t> values_;  ///< One more than the number; 0: no text ends here.
  std::array<uint32_t, 256> root_{};
};

}  // namespace hearth::tokenizer
