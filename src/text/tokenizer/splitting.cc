#include "text/tokenizer/splitting.h"

namespace hearth::tokenizer {
namespace {

/// Whether a stretch belongs to the same word as the one before it.
bool joins(std::span<const Stretch> stretches, size_t i, SplitBehavior behavior) {
  const bool splits = stretches[i].splits;
  const bool before = stretches[i - 1].splits;
  switch (behavior) {
    case SplitBehavior::kRemoved:
    case SplitBehavior::kIsolated:
      return false;
    case SplitBehavior::kMergedWithPrevious:
      return splits && !before;
    case SplitBehavior::kMergedWithNext:
      return before && !splits;
    case SplitBehavior::kContiguous:
      return splits == before;
  }
  return false;
}

}  // namespace

void append_split(const Word& word, std::span<const Stretch> stretches, SplitBehavior behavior,
                  std::vector<Word>& words) {
  size_t begin = word.begin;
  const auto append = [&](size_t end) {
    if (begin < end) words.push_back({begin, end, word.first && begin == word.begin});
  };
  for (size_t i = 0; i < stretches.size(); ++i) {
    if (i > 0 && !joins(stretches, i, behavior)) {
      const Stretch& before = stretches[i - 1];
      if (behavior != SplitBehavior::kRemoved || !before.splits) append(before.end);
      begin = stretches[i].begin;
    }
  }
  if (stretches.empty()) return;
  if (behavior != SplitBehavior::kRemoved || !stretches.back().splits) append(stretches.back().end);
}

}  // namespace hearth::tokenizer
