#pragma once

#include <variant>
#include <vector>

#include "text/tokenizer/characters.h"
#include "text/tokenizer/normal_form.h"
#include "text/tokenizer/regex.h"
#include "text/tokenizer/trie.h"

namespace hearth::tokenizer {

/// Each match of a pattern becomes the same text.
struct RegexReplacement {
  Regex pattern;
  std::string_view content;
};
/// Goes before a text that is not empty.
struct Prefix {
  std::string_view text;
};
/// White space at the ends is dropped.
struct SpaceStrip {
  bool left;
  bool right;
};
/// Characters of a set get a text before and after them.
struct Surrounding {
  CharacterSet characters;
  std::string_view before;
  std::string_view after;
};
/// A normal form. Characters outside of the set stay as they are and keep their neighbours apart: those that the
/// exporter's version of Unicode does not change, so that newer versions give the same.
struct FormStep {
  NormalForm form;
  CharacterSet active;
};
/// SentencePiece's precompiled rules, applied as the `tokenizers` library does: to grapheme clusters of less than 6
/// bytes, and where there is no rule to their characters.
struct Precompiled {
  Trie rules;
  StringList replacements;
};
struct ByteLevelAlphabet {};

/// One step that changes a text. Immutable.
class NormalizerStep {
 public:
  static Result<NormalizerStep> read(TableReader& reader);
  /// Appends what becomes of a valid text to `out`, which it does not lie in.
  Status append(std::string_view text, std::string& out) const;
  /// Whether the beginning of a text is dropped, so that what is left begins later than the text did.
  bool drops_start(std::string_view text) const;

 private:
  using Kind = std::variant<CharacterMap, RegexReplacement, Prefix, SpaceStrip, FormStep, Precompiled,
                            ByteLevelAlphabet, Surrounding>;
  explicit NormalizerStep(Kind kind) : kind_(std::move(kind)) {}

  Kind kind_;
};

struct NormalizedText {
  std::string text;
  bool keeps_start;  ///< False: the beginning of the original was dropped.
};

/// Steps one after the other.
class Normalizer {
 public:
  static Result<Normalizer> read(TableReader& reader);
  Result<NormalizedText> apply(std::string_view text) const;
  /// Whether every text stays as it is.
  bool empty() const { return steps_.empty(); }

 private:
  std::vector<NormalizerStep> steps_;
};

}  // namespace hearth::tokenizer
