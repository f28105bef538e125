#pragma once

#include <array>

#include "text/tokenizer/string_list.h"

namespace hearth::tokenizer {

/// A set of code points. Which ones belong to "punctuation" or "letters" is the exporter's answer, so that it is the
/// same with every version of Unicode that this machine may have.
class CharacterSet {
 public:
  /// kInvalidFile when its ranges are not in ascending order.
  static Result<CharacterSet> read(TableReader& reader);
  bool contains(char32_t code_point) const { return code_point < 128 ? ascii_[code_point] : search(code_point); }

 private:
  bool search(char32_t code_point) const;

  PackedArray<uint32_t> borders_;  ///< First and one past the last of each range.
  std::array<bool, 128> ascii_{};
};

/// Texts that stand for code points; a code point that it does not name stands for itself.
class CharacterMap {
 public:
  static Result<CharacterMap> read(TableReader& reader);
  /// Appends what stands for the characters of a valid text. kInvalidArgument when that is too long.
  Status apply(std::string_view text, std::string& out) const;
  /// Whether nothing stands for the first character of a valid text.
  bool drops_start(std::string_view text) const;

 private:
  static constexpr uint32_t kItself = 0xFFFFFFFF;
  uint32_t search(char32_t code_point) const;
  uint32_t index_of(char32_t code_point) const { return code_point < 128 ? ascii_[code_point] : search(code_point); }

  PackedArray<uint32_t> first_;  ///< Ranges of code points, ascending …
  PackedArray<uint32_t> last_;
  StringList texts_;  ///< … and what every code point of the range becomes.
  std::array<uint32_t, 128> ascii_{};
};

}  // namespace hearth::tokenizer
