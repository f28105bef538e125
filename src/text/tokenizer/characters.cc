#include "text/tokenizer/characters.h"

#include "text/tokenizer/limits.h"

namespace hearth::tokenizer {
namespace {

/// How many of the ascending numbers are at most `value`.
size_t count_at_most(const PackedArray<uint32_t>& numbers, uint32_t value) {
  size_t low = 0;
  size_t high = numbers.size();
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (numbers[middle] <= value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace

Result<CharacterSet> CharacterSet::read(TableReader& reader) {
  CharacterSet set;
  set.borders_ = reader.array<uint32_t>();
  if (!reader.ok() || set.borders_.size() % 2 != 0) return damaged("a set of characters is cut off");
  for (size_t i = 0; i + 1 < set.borders_.size(); ++i) {
    if (set.borders_[i] >= set.borders_[i + 1]) return damaged("the ranges of a set of characters are out of order");
  }
  for (char32_t c = 0; c < set.ascii_.size(); ++c) set.ascii_[c] = set.search(c);
  return set;
}

bool CharacterSet::search(char32_t code_point) const { return count_at_most(borders_, code_point) % 2 == 1; }

Result<CharacterMap> CharacterMap::read(TableReader& reader) {
  CharacterMap map;
  map.first_ = reader.array<uint32_t>();
  map.last_ = reader.array<uint32_t>();
  HEARTH_ASSIGN_OR_RETURN(map.texts_, StringList::read(reader));
  if (map.last_.size() != map.first_.size() || map.texts_.size() != map.first_.size()) {
    return damaged("a map of characters contradicts itself");
  }
  for (size_t i = 0; i < map.first_.size(); ++i) {
    if (map.first_[i] > map.last_[i] || (i > 0 && map.first_[i] <= map.last_[i - 1])) {
      return damaged("the ranges of a map of characters are out of order");
    }
  }
  for (char32_t c = 0; c < map.ascii_.size(); ++c) map.ascii_[c] = map.search(c);
  return map;
}

uint32_t CharacterMap::search(char32_t code_point) const {
  const size_t after = count_at_most(first_, code_point);
  if (after == 0 || last_[after - 1] < code_point) return kItself;
  return static_cast<uint32_t>(after - 1);
}

Status CharacterMap::apply(std::string_view text, std::string& out) const {
  for (size_t at = 0; at < text.size();) {
    const Utf8Step step = read_valid_utf8(text, at);
    const uint32_t index = index_of(step.code_point);
    if (index == kItself) {
      out.append(text.substr(at, step.length));
    } else {
      out.append(texts_[index]);
      HEARTH_RETURN_IF_ERROR(check_text_size(out.size()));
    }
    at += step.length;
  }
  return {};
}

bool CharacterMap::drops_start(std::string_view text) const {
  if (text.empty()) return false;
  const uint32_t index = index_of(read_valid_utf8(text, 0).code_point);
  return index != kItself && texts_[index].empty();
}

}  // namespace hearth::tokenizer
