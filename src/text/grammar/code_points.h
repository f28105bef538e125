#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

namespace hearth {

/// Unicode code points `first` to `last`, both included.
struct CodePointRange {
  char32_t first;
  char32_t last;
  bool operator==(const CodePointRange&) const = default;
};

/// A set of Unicode scalar values (surrogates are never in it), as sorted ranges that do not touch.
class CodePointSet {
 public:
  CodePointSet() = default;
  CodePointSet(std::initializer_list<CodePointRange> ranges);
  explicit CodePointSet(const std::vector<CodePointRange>& ranges);

  static CodePointSet all();
  static CodePointSet of(char32_t code_point) { return {{code_point, code_point}}; }

  bool empty() const { return ranges_.empty(); }
  bool contains(char32_t code_point) const;
  const std::vector<CodePointRange>& ranges() const { return ranges_; }

  CodePointSet complement() const;
  CodePointSet united(const CodePointSet& other) const;
  CodePointSet intersected(const CodePointSet& other) const;
  CodePointSet without(const CodePointSet& other) const { return intersected(other.complement()); }
  bool operator==(const CodePointSet&) const = default;

 private:
  std::vector<CodePointRange> ranges_;
};

/// Bytes `first` to `last`, both included.
struct ByteRange {
  uint8_t first;
  uint8_t last;
  auto operator<=>(const ByteRange&) const = default;
};

/// Sequences of byte ranges that spell exactly the set's members in UTF-8, each member by one of them.
std::vector<std::vector<ByteRange>> utf8_sequences(const CodePointSet& set);

}  // namespace hearth
