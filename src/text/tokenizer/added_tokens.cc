#include "text/tokenizer/added_tokens.h"
#include "text/tokenizer/white_space.h"

#include <algorithm>

namespace hearth::tokenizer {
namespace {

bool lies_in_one(std::span<const TrustedRange> ranges, const Section& section) {
  const auto after = std::ranges::upper_bound(ranges, section.begin, {}, &TrustedRange::begin);
  return after != ranges.begin() && section.end <= std::prev(after)->end;
}

/// The character that ends at `end`, which is not 0.
char32_t character_before(std::string_view text, size_t end) {
  size_t begin = end - 1;
  while (!is_character_border(text, begin)) --begin;
  return read_valid_utf8(text, begin).code_point;
}

}  // namespace

Result<AddedTokens> AddedTokens::read(TableReader& reader, const Vocabulary& vocabulary) {
  AddedTokens added(vocabulary);
  HEARTH_ASSIGN_OR_RETURN(added.contents_, Trie::read(reader, vocabulary.size()));
  HEARTH_ASSIGN_OR_RETURN(added.raw_, Trie::read(reader, vocabulary.size()));
  HEARTH_ASSIGN_OR_RETURN(added.normalized_, Trie::read(reader, vocabulary.size()));
  added.has_special_normalized_ = reader.flag();
  HEARTH_ASSIGN_OR_RETURN(added.word_characters_, CharacterSet::read(reader));
  return added;
}

std::optional<Section> AddedTokens::longest_at(const Trie& texts, std::string_view text, size_t begin,
                                               std::span<const TrustedRange> trusted) const {
  std::optional<Section> longest;
  uint32_t node = Trie::kRoot;
  for (size_t end = begin; end < text.size();) {
    node = texts.child(node, text[end++]);
    if (node == Trie::kRoot) break;
    const std::optional<uint32_t> token = texts.value(node);
    if (!token || !is_character_border(text, end)) continue;
    const Section match{begin, end, token};
    if (!vocabulary_->has(*token, kSpecial) || lies_in_one(trusted, match)) longest = match;
  }
  return longest;
}

bool AddedTokens::is_single_word(std::string_view text, const Section& match) const {
  if (match.begin > 0 && word_characters_.contains(character_before(text, match.begin))) return false;
  return match.end == text.size() || !word_characters_.contains(read_valid_utf8(text, match.end).code_point);
}

std::vector<Section> AddedTokens::find_all(const Trie& texts, std::string_view text,
                                           std::span<const TrustedRange> trusted) const {
  std::vector<Section> sections;
  size_t done = 0;
  for (size_t at = texts.empty() ? text.size() : 0; at < text.size();) {
    std::optional<Section> match;
    if (is_character_border(text, at)) match = longest_at(texts, text, at, trusted);
    if (!match) {
      ++at;
      continue;
    }
    at = match->end;
    const uint32_t token = *match->token;
    if (vocabulary_->has(token, kSingleWord) && !is_single_word(text, *match)) continue;
    size_t begin = match->begin;
    size_t end = match->end;
    if (vocabulary_->has(token, kLeftStrip))
      begin = std::max(without_trailing_space(text.substr(0, begin)).size(), done);
    if (vocabulary_->has(token, kRightStrip)) end = text.size() - without_leading_space(text.substr(end)).size();
    if (done < begin) sections.push_back({done, begin, std::nullopt});
    sections.push_back({begin, end, token});
    done = end;
  }
  if (done < text.size()) sections.push_back({done, text.size(), std::nullopt});
  return sections;
}

}  // namespace hearth::tokenizer
