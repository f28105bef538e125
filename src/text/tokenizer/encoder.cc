#include "text/tokenizer/encoder.h"

#include <algorithm>

namespace hearth::tokenizer {
namespace {

/// The parts of the ranges that lie in [begin, end), counted from `begin`.
std::vector<TrustedRange> cut_out(std::span<const TrustedRange> ranges, size_t begin, size_t end) {
  std::vector<TrustedRange> parts;
  for (const TrustedRange& range : ranges) {
    const size_t from = std::max(range.begin, begin);
    const size_t to = std::min(range.end, end);
    if (from < to) parts.push_back({from - begin, to - begin});
  }
  return parts;
}

/// The places in a text of `size` bytes where trust changes, and its end.
std::vector<size_t> borders(std::span<const TrustedRange> ranges, size_t size) {
  std::vector<size_t> places;
  for (const TrustedRange& range : ranges) {
    if (range.begin > 0) places.push_back(range.begin);
    if (range.end < size) places.push_back(range.end);
  }
  places.push_back(size);
  return places;
}

}  // namespace

Status Encoder::append(std::string_view text, std::span<const TrustedRange> trusted, TokenIds& ids) {
  for (const Section& section : added_tokens_.find_raw(text, trusted)) {
    if (section.token) {
      ids.push_back(*section.token);
    } else {
      const std::vector<TrustedRange> parts = cut_out(trusted, section.begin, section.end);
      HEARTH_RETURN_IF_ERROR(
          append_raw(text.substr(section.begin, section.end - section.begin), parts, section.begin == 0, ids));
    }
  }
  return {};
}

Status Encoder::append_raw(std::string_view text, std::span<const TrustedRange> trusted, bool first, TokenIds& ids) {
  if (normalizer_.empty()) return append_normalized(text, trusted, first, ids);
  // Normalising moves bytes: what is trusted afterwards is known only of a text that is trusted as a whole, or not.
  const std::vector<size_t> ends =
      added_tokens_.has_special_normalized() ? borders(trusted, text.size()) : std::vector{text.size()};
  size_t begin = 0;
  for (const size_t end : ends) {
    HEARTH_ASSIGN_OR_RETURN(const NormalizedText normalized, normalizer_.apply(text.substr(begin, end - begin)));
    std::vector<TrustedRange> all;
    if (!cut_out(trusted, begin, end).empty()) all.push_back({0, normalized.text.size()});
    const bool first_left = first && begin == 0 && normalized.keeps_start;
    HEARTH_RETURN_IF_ERROR(append_normalized(normalized.text, all, first_left, ids));
    begin = end;
  }
  return {};
}

Status Encoder::append_normalized(std::string_view text, std::span<const TrustedRange> trusted, bool first,
                                  TokenIds& ids) {
  for (const Section& section : added_tokens_.find_normalized(text, trusted)) {
    if (section.token) {
      ids.push_back(*section.token);
    } else {
      HEARTH_RETURN_IF_ERROR(
          append_words(text.substr(section.begin, section.end - section.begin), first && section.begin == 0, ids));
    }
  }
  return {};
}

Status Encoder::append_words(std::string_view text, bool first, TokenIds& ids) {
  HEARTH_ASSIGN_OR_RETURN(const Words words, pre_tokenizer_.split(text, first));
  for (const Word& word : words.words) HEARTH_RETURN_IF_ERROR(model_.append_tokens(words[word], scratch_.get(), ids));
  return {};
}

}  // namespace hearth::tokenizer
