#pragma once

#include <variant>
#include <vector>

#include "text/tokenizer/normalizer.h"

namespace hearth::tokenizer {

/// Changes every token for itself.
struct TokenNormalizer {
  NormalizerStep step;
};
/// Tokens "<0x00>" to "<0xFF>" are bytes. A run of them is text when it is valid UTF-8, else a U+FFFD for each byte.
struct ByteFallback {};
/// From here on, all tokens are one.
struct Fusion {};
/// Drops up to so many of a character from the ends of every token.
struct CharacterStrip {
  std::string_view character;
  uint32_t start;
  uint32_t stop;
  bool fused;  ///< All tokens are one.
};
/// A character stands for a space; the first token loses it.
struct MetaspaceDecoding {
  std::string_view character;
  bool drop_in_first;
};
/// Tokens with a prefix go on with the word before them, others begin one, after a space.
struct WordPieceDecoding {
  std::string_view prefix;
  bool clean_up;
};
/// A suffix ends words, and becomes a space but in the last token.
struct SuffixDecoding {
  std::string_view suffix;
};
/// Connectionist temporal classification: repeated tokens count once, and one of them means nothing.
struct CtcDecoding {
  std::string_view padding;
  std::string_view word_delimiter;
  bool clean_up;
};
/// GPT-2's alphabet of bytes; all tokens become one.
struct ByteLevelDecoding {};
/// A space between tokens.
struct SpaceJoin {};

/// Turns tokens' texts into text, step by step. Immutable.
class Decoder {
 public:
  /// What a step remembers between tokens.
  struct StepState {
    std::string held;      ///< Text that a later token may change.
    bool holds = false;    ///< Whether there is such text, which may be empty.
    bool started = false;  ///< Whether there was a token, or text that counts.
    uint32_t dropped = 0;  ///< Characters that were stripped at the start.
  };
  using State = std::vector<StepState>;

  static Result<Decoder> read(TableReader& reader);

  State begin() const { return State(steps_.size()); }
  /// Takes the next token and appends what is certain now to `text`: whole characters that no later token changes.
  Status push(State& state, std::string_view token, std::string& text) const;
  /// Appends what was held back.
  Status finish(State& state, std::string& text) const;
  /// The bytes of a token in the middle of others.
  Result<std::string> bytes(std::string_view token) const;

 private:
  using Step = std::variant<TokenNormalizer, ByteFallback, Fusion, CharacterStrip, MetaspaceDecoding, WordPieceDecoding,
                            SuffixDecoding, CtcDecoding, ByteLevelDecoding, SpaceJoin>;
  static Result<Step> read_step(TableReader& reader, bool fused);
  Status run(State& state, std::vector<std::string> tokens, bool finish, std::string& text) const;

  std::vector<Step> steps_;
};

}  // namespace hearth::tokenizer
