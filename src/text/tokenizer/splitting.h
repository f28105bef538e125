#pragma once

#include <span>
#include <string>
#include <vector>

#include "hearth/status.h"

namespace hearth::tokenizer {

/// What becomes of the places where a text is split, by the number that a table gives it.
enum class SplitBehavior : unsigned char {
  kRemoved = 0,
  kIsolated = 1,            ///< A word of its own.
  kMergedWithPrevious = 2,  ///< The end of the word before.
  kMergedWithNext = 3,      ///< The beginning of the word after.
  kContiguous = 4,          ///< A word of its own, together with its neighbours that are splitting places too.
};

/// A part of a text, in bytes.
struct Word {
  size_t begin;
  size_t end;
  bool first;  ///< The whole text begins with it.
};

struct Words {
  std::string text;
  std::vector<Word> words;

  std::string_view operator[](const Word& word) const {
    return std::string_view(text).substr(word.begin, word.end - word.begin);
  }
};

/// A stretch of a word: a splitting place or what is between them.
struct Stretch {
  size_t begin;
  size_t end;
  bool splits;
};

/// Appends the words that `word` falls into. The stretches cover it, in order. Empty words are left out.
void append_split(const Word& word, std::span<const Stretch> stretches, SplitBehavior behavior,
                  std::vector<Word>& words);

}  // namespace hearth::tokenizer
