#include "text/tokenizer/byte_pair_model.h"

#include <algorithm>
#include <tuple>

#include "text/tokenizer/limits.h"

namespace hearth::tokenizer {
namespace {

constexpr uint32_t kNone = 0xFFFFFFFF;
constexpr size_t kLongestAffixes = 64;

struct Symbol {
  uint32_t token;  ///< kNone: joined with a symbol before it.
  uint32_t previous;
  uint32_t next;
};

struct Candidate {
  uint32_t rank;
  uint32_t position;
  uint32_t token;
};

/// The heap's order: its front is what comes first.
bool comes_later(const Candidate& a, const Candidate& b) {
  return std::tie(a.rank, a.position) > std::tie(b.rank, b.position);
}

}  // namespace

struct BytePairModel::Scratch final : WordScratch {
  std::vector<uint32_t> tokens;
  std::vector<Symbol> symbols;
  std::vector<Candidate> heap;
  std::string text;
};

BytePairModel::BytePairModel(const Vocabulary& vocabulary) : vocabulary_(vocabulary), byte_tokens_(vocabulary) {
  for (char32_t c = 0; c < kCommon; ++c) {
    std::string text;
    append_utf8(text, c);
    common_[c] = vocabulary.model_texts().find(text);
  }
}

Result<std::unique_ptr<const WordModel>> BytePairModel::read(TableReader& reader, const Vocabulary& vocabulary) {
  std::unique_ptr<BytePairModel> model(new BytePairModel(vocabulary));
  HEARTH_ASSIGN_OR_RETURN(model->unknown_, read_optional_token(reader, vocabulary));
  model->fuse_unknown_ = reader.flag();
  model->byte_fallback_ = reader.flag();
  model->inner_prefix_ = reader.text();
  model->end_suffix_ = reader.text();
  if (model->inner_prefix_.size() + model->end_suffix_.size() > kLongestAffixes) {
    return damaged("'{}' and '{}' are too long to mark parts of words", model->inner_prefix_, model->end_suffix_);
  }
  HEARTH_ASSIGN_OR_RETURN(model->merges_, MergeTable::read(reader, vocabulary.size()));
  return std::unique_ptr<const WordModel>(std::move(model));
}

std::unique_ptr<WordScratch> BytePairModel::make_scratch() const { return std::make_unique<Scratch>(); }

OptionalToken BytePairModel::character_token(std::string_view word, size_t begin, size_t end, std::string& text) const {
  text.clear();
  if (begin > 0) text.append(inner_prefix_);
  text.append(word.substr(begin, end - begin));
  if (end == word.size()) text.append(end_suffix_);
  return vocabulary_.model_texts().find(text);
}

void BytePairModel::append_characters(std::string_view word, Scratch& scratch) const {
  const bool plain = inner_prefix_.empty() && end_suffix_.empty();
  bool waiting = false;  // Something unknown is not yet appended, because more of it may follow.
  const auto append_waiting = [&] {
    if (waiting) scratch.tokens.push_back(unknown_.value_or(kNone));
    waiting = false;
  };
  for (size_t begin = 0; begin < word.size();) {
    const Utf8Step step = read_valid_utf8(word, begin);
    const size_t end = begin + step.length;
    const OptionalToken token =
        plain && step.code_point < kCommon ? common_[step.code_point] : character_token(word, begin, end, scratch.text);
    if (token) {
      append_waiting();
      scratch.tokens.push_back(*token);
    } else {
      if (plain) scratch.text.assign(word.substr(begin, step.length));
      if (!byte_fallback_ || !byte_tokens_.append(scratch.text, scratch.tokens)) {
        if (!fuse_unknown_) append_waiting();
        waiting = unknown_.has_value();
      }
    }
    begin = end;
  }
  append_waiting();
}

void BytePairModel::join_pairs(Scratch& scratch) const {
  std::vector<Symbol>& symbols = scratch.symbols;
  std::vector<Candidate>& heap = scratch.heap;
  const auto merge_at = [&](uint32_t position) {
    return merges_.find(symbols[position].token, symbols[symbols[position].next].token);
  };
  const auto offer = [&](uint32_t position) {
    if (const auto merge = merge_at(position)) {
      heap.push_back({merge->rank, position, merge->token});
      std::ranges::push_heap(heap, comes_later);
    }
  };
  symbols.clear();
  heap.clear();
  const auto count = static_cast<uint32_t>(scratch.tokens.size());
  for (uint32_t i = 0; i < count; ++i) symbols.push_back({scratch.tokens[i], i - 1, i + 1});
  for (uint32_t i = 0; i + 1 < count; ++i) offer(i);
  while (!heap.empty()) {
    std::ranges::pop_heap(heap, comes_later);
    const Candidate best = heap.back();
    heap.pop_back();
    Symbol& left = symbols[best.position];
    if (left.token == kNone || left.next >= count) continue;
    // The pair may have changed since it was offered.
    const auto merge = merge_at(best.position);
    if (!merge || merge->token != best.token) continue;
    Symbol& right = symbols[left.next];
    left.token = best.token;
    right.token = kNone;
    left.next = right.next;
    if (left.next < count) {
      symbols[left.next].previous = best.position;
      offer(best.position);
    }
    if (best.position > 0) offer(left.previous);
  }
}

Status BytePairModel::append_tokens(std::string_view word, WordScratch* given, TokenIds& ids) const {
  const OptionalToken whole = vocabulary_.model_texts().find(word);
  if (whole && vocabulary_.has(*whole, kWhole)) {
    ids.push_back(*whole);
    return {};
  }
  auto& scratch = static_cast<Scratch&>(*given);
  scratch.tokens.clear();
  append_characters(word, scratch);
  HEARTH_RETURN_IF_ERROR(check_text_size(scratch.tokens.size()));
  join_pairs(scratch);
  for (const Symbol& symbol : scratch.symbols) {
    if (symbol.token != kNone) ids.push_back(symbol.token);
  }
  return {};
}

}  // namespace hearth::tokenizer
