#include "text/tokenizer/string_list.h"

namespace hearth::tokenizer {
Result<StringList> StringList::read(TableReader& reader) {
  StringList list;
  list.ends_ = reader.array<uint32_t>();
  list.text_ = reader.text();
  if (!reader.ok()) return damaged("a list of texts is cut off or no UTF-8");
  size_t previous = 0;
  for (size_t i = 0; i < list.ends_.size(); ++i) {
    const size_t end = list.ends_[i];
    if (end < previous || end > list.text_.size() || !is_character_border(list.text_, end)) {
      return damaged("text {} of a list ends at byte {}, which is no place for it", i, end);
    }
    previous = end;
  }
  if (previous != list.text_.size())
    return damaged("a list of texts has {} bytes, its texts {}", list.text_.size(), previous);
  return list;
}

}  // namespace hearth::tokenizer
