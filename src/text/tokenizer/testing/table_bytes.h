#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::testing {

/// Writes the fields of a tokenizer's table (docs/tokenizer-format.md), for tests.
class TableBytes {
 public:
  template <typename T>
  TableBytes& number(T value) {
    for (const std::byte byte : std::as_bytes(std::span(&value, 1))) bytes_.push_back(byte);
    return *this;
  }
  template <typename T>
  TableBytes& array(const std::vector<T>& values) {
    number(static_cast<uint32_t>(values.size()));
    for (const T& value : values) number(value);
    return *this;
  }
  TableBytes& text(std::string_view text);
  TableBytes& texts(const std::vector<std::string>& texts);
  TableBytes& trie(const std::map<std::string, uint32_t>& entries);

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

/// The table of a tokenizer of words: "<s>" 0 (special), "<unk>" 1, "hello" 2, "world" 3. White space separates words
/// and nothing is lower-cased; "<s>" goes before a text; tokens are joined with spaces.
TableBytes word_table();

}  // namespace hearth::testing
