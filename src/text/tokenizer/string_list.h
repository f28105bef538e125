#pragma once

#include "text/tokenizer/table_reader.h"

namespace hearth::tokenizer {

/// Texts by number, used in place.
class StringList {
 public:
  /// kInvalidFile when the texts do not follow one another, or are no UTF-8.
  static Result<StringList> read(TableReader& reader);

  size_t size() const { return ends_.size(); }
  std::string_view operator[](size_t index) const {
    const size_t begin = index == 0 ? 0 : ends_[index - 1];
    return text_.substr(begin, ends_[index] - begin);
  }

 private:
  PackedArray<uint32_t> ends_;
  std::string_view text_;
};

}  // namespace hearth::tokenizer
