#include "text/tokenizer/trie.h"

namespace hearth::tokenizer {

Result<Trie> Trie::read(TableReader& reader, size_t values) {
  Trie trie;
  trie.first_edge_ = reader.array<uint32_t>();
  trie.labels_ = reader.array<uint8_t>();
  trie.values_ = reader.array<uint32_t>();
  const size_t edges = trie.labels_.size();
  const size_t nodes = edges + 1;
  if (!reader.ok() || trie.first_edge_.size() != nodes + 1 || trie.values_.size() != nodes) {
    return damaged("a tree of texts is cut off or contradicts itself");
  }
  uint32_t previous = 0;
  for (size_t node = 0; node <= nodes; ++node) {
    const uint32_t first = trie.first_edge_[node];
    if (first < previous || first > edges)
      return damaged("the edges of node {} in a tree of texts are out of order", node);
    previous = first;
  }
  for (size_t node = 0; node < nodes; ++node) {
    if (trie.values_[node] > values)
      return damaged("a tree of texts names entry {}, there are {}", trie.values_[node] - 1, values);
  }
  for (uint32_t edge = trie.first_edge_[0]; edge < trie.first_edge_[1]; ++edge)
    trie.root_[trie.labels_[edge]] = edge + 1;
  return trie;
}

uint32_t Trie::inner_child(uint32_t node, unsigned char byte) const {
  uint32_t low = first_edge_[node];
  uint32_t high = first_edge_[node + 1];
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    const uint8_t label = labels_[middle];
    if (label == byte) return middle + 1;
    if (label < byte) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return kRoot;
}

std::optional<uint32_t> Trie::walk(uint32_t node, std::string_view text) const {
  for (const char byte : text) {
    node = child(node, byte);
    if (node == kRoot) return std::nullopt;
  }
  return node;
}

std::optional<uint32_t> Trie::find(std::string_view text) const {
  const std::optional<uint32_t> node = walk(kRoot, text);
  return node ? value(*node) : std::nullopt;
}

}  // namespace hearth::tokenizer
