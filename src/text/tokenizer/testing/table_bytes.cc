#include "text/tokenizer/testing/table_bytes.h"

#include <deque>

namespace hearth::testing {

TableBytes& TableBytes::text(std::string_view text) { return array(std::vector<char>(text.begin(), text.end())); }

TableBytes& TableBytes::texts(const std::vector<std::string>& texts) {
  std::vector<uint32_t> ends;
  std::string joined;
  for (const std::string& text : texts) ends.push_back(static_cast<uint32_t>(joined.append(text).size()));
  return array(ends).text(joined);
}

TableBytes& TableBytes::trie(const std::map<std::string, uint32_t>& entries) {
  std::vector<uint32_t> first_edge;
  std::vector<uint8_t> labels;
  std::vector<uint32_t> values;
  for (std::deque<std::string> nodes{""}; !nodes.empty(); nodes.pop_front()) {
    const std::string& prefix = nodes.front();
    first_edge.push_back(static_cast<uint32_t>(labels.size()));
    const auto found = entries.find(prefix);
    values.push_back(found == entries.end() ? 0 : found->second + 1);
    std::map<uint8_t, bool> following;
    for (const auto& [key, value] : entries) {
      if (key.size() > prefix.size() && key.starts_with(prefix))
        following[static_cast<uint8_t>(key[prefix.size()])] = true;
    }
    for (const auto& [byte, yes] : following) {
      labels.push_back(byte);
      nodes.push_back(nodes.front() + static_cast<char>(byte));
    }
  }
  first_edge.push_back(static_cast<uint32_t>(labels.size()));
  return array(first_edge).array(labels).array(values);
}

TableBytes word_table() {
  TableBytes table;
  table.number(uint64_t{0x4B54485452414548}).number(uint32_t{1});
  table.texts({"<s>", "<unk>", "hello", "world"}).array(std::vector<uint8_t>{3, 1, 1, 1});
  table.trie({{"hello", 2}, {"world", 3}, {"<unk>", 1}});
  table.number(uint8_t{4}).number(uint32_t{1});  // Words, unknown 1.
  table.trie({{"<s>", 0}}).trie({{"<s>", 0}}).trie({}).number(uint8_t{0}).array(std::vector<uint32_t>{});
  table.number(uint32_t{0});  // No normalizers.
  table.number(uint32_t{1}).number(uint8_t{1}).array(std::vector<uint32_t>{9, 14, 32, 33}).number(uint8_t{0});
  table.array(std::vector<uint32_t>{0}).array(std::vector<uint32_t>{});
  table.number(uint32_t{1}).number(uint8_t{10});  // Tokens joined.
  return table;
}

}  // namespace hearth::testing
