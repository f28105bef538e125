#pragma once

#include "text/tokenizer/normalizer.h"
#include "text/tokenizer/splitting.h"

namespace hearth::tokenizer {

/// Splits at characters of a set.
struct CharacterSplit {
  CharacterSet characters;
  SplitBehavior behavior;
};
/// Splits at matches of a pattern or, inverted, at what lies between them.
struct RegexSplit {
  Regex pattern;
  SplitBehavior behavior;
  bool inverted;
};
/// Changes every word for itself.
struct WordNormalizer {
  NormalizerStep step;
};
/// Goes before a word that does not begin with it already.
struct WordPrefix {
  std::string_view text;
  bool only_first;  ///< Only before the word that the whole text begins with.
};

/// Cuts a text into words, each of which the model looks at alone. Immutable.
class PreTokenizer {
 public:
  static Result<PreTokenizer> read(TableReader& reader);
  /// The words of a valid text, of which none is empty; `first`: the text is the beginning of the whole.
  Result<Words> split(std::string_view text, bool first) const;

 private:
  using Step = std::variant<CharacterSplit, RegexSplit, WordNormalizer, WordPrefix>;
  static Result<Step> read_step(TableReader& reader);

  std::vector<Step> steps_;
};

}  // namespace hearth::tokenizer
