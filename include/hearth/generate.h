#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hearth/export.h"
#include "hearth/model.h"
#include "hearth/sampling.h"
#include "hearth/status.h"

namespace hearth {

/// What a generated text has to be. Each token is chosen among those with which it can still become that, before
/// max_tokens are there. docs/grammars.md says what the notations know.
struct OutputForm {
  enum class Kind : uint8_t {
    kAny,
    kJsonObject,
    kJsonSchema,  ///< A JSON text that is valid under the schema in `text`.
    kRegex,       ///< Matches the regular expression in `text` as a whole.
    kGrammar,     ///< Fits the grammar in `text`, in GBNF.
  };
  Kind kind = Kind::kAny;
  std::string text{};
};

struct GenerateOptions {
  int64_t max_tokens = 128;    ///< Tokens to generate at most.
  SamplingOptions sampling{};  ///< How each token is chosen.
  /// How many of the likeliest tokens Generation::log_probabilities tells of, beside the one that was chosen; none:
  /// nothing is told.
  std::optional<int64_t> likeliest_tokens{};
  /// Tokens that a generator may guess at a time, where the text repeats itself: the model looks at all of them in one
  /// step, and those that it would have chosen are kept, so that the text is the same and comes sooner (Saxena, "Prompt
  /// lookup decoding", 2023). 0: it guesses none. A scheduler, which has more to do in a step, never guesses.
  int64_t guessed_tokens = 0;
  bool stops_at_end = true;  ///< A token that the model's file calls an end is the last.
  /// The first of them that comes ends the text, and is no part of it. Only for models with a tokenizer.
  std::vector<std::string> stop_strings{};
  OutputForm form{};  ///< Only for models with a tokenizer.
};

/// A turn of a conversation.
struct ChatMessage {
  std::string role;  ///< "system", "user", "assistant", or what else the model's template knows.
  std::string content;
};

/// Told of what is generated while it comes. Either function may be empty; one that returns false ends the generation.
struct GenerateListener {
  std::function<bool(int64_t token)> on_token;
  /// Whole characters, which no later token changes. Only for models with a tokenizer.
  std::function<bool(std::string_view text)> on_text;
};

/// Why a generation is over.
enum class FinishReason {
  kEnd,      ///< The model gave one of its end tokens, or no token fits the form any more: it is complete.
  kLength,   ///< There are max_tokens tokens.
  kContext,  ///< The sequence is as long as the model takes.
  kStop,     ///< One of the stop strings came.
  kCaller,   ///< The caller's function said so.
};

/// How probable a token was that was chosen, and what else could have come. Probabilities are the model's own, before
/// sampling options and forms change them.
struct ChosenToken {
  double log_probability = 0;
  std::vector<TokenLogProbability> likeliest;  ///< Most probable first.
};

struct Generation {
  std::vector<int64_t> tokens;                 ///< What was generated, an end token included.
  std::vector<ChosenToken> log_probabilities;  ///< Of each token, if asked for.
  std::string text;                            ///< Of the tokens; empty without a tokenizer.
  int64_t reused_tokens = 0;                   ///< Of the prompt, which the model had read for the generation before.
  int64_t right_guesses = 0;                   ///< Of tokens; see GenerateOptions::guessed_tokens.
  FinishReason finish = FinishReason::kLength;
  double prompt_seconds = 0;    ///< Until the model had read the prompt and the first token was known.
  double generate_seconds = 0;  ///< For the tokens after the first.
};

class TextGeneratorImpl;

/// Continues sequences of tokens with a language model. Move-only; used from one thread at a time.
class HEARTH_API TextGenerator {
 public:
  /// kInvalidArgument when the model is not for text generation, or as Model::session() says.
  static Result<TextGenerator> create(const Model& model, const SessionOptions& options = {});
  TextGenerator(TextGenerator&&) noexcept;
  TextGenerator& operator=(TextGenerator&&) noexcept;
  ~TextGenerator();

  /// Whether the model's file tells how text becomes tokens, and how a conversation becomes text.
  bool has_tokenizer() const;
  bool has_chat_template() const;
  int64_t context_length() const;

  /// The tokens of a text that the model is to continue, special tokens at its beginning included. Special tokens are
  /// not read from the text itself. kInvalidArgument without a tokenizer.
  Result<std::vector<int64_t>> tokenize(std::string_view text) const;
  /// The tokens of a text that goes on with other tokens: the same without special ones at its beginning.
  Result<std::vector<int64_t>> tokenize_continuation(std::string_view text) const;
  /// The tokens of a conversation, up to where the model's answer begins. Special tokens are not read from what people
  /// and models wrote. kInvalidArgument without a chat template, or when it refuses these messages.
  Result<std::vector<int64_t>> tokenize(std::span<const ChatMessage> messages) const;

  /// A continuation of `prompt`, token by token, the most probable one by default. What the prompt has in common with
  /// the sequence of the call before is not read again. kInvalidArgument: an empty prompt, a number that is no token, a
  /// prompt that leaves no room in the model's context, or options that make no sense.
  Result<Generation> generate(std::span<const int64_t> prompt, const GenerateOptions& options,
                              const GenerateListener& listener = {});

  /// The last prompt and what was generated, without a token that ended it: what a generation can go on with.
  std::span<const int64_t> tokens() const;
  /// Saves these tokens, what the model made of them, and a text of the caller's, as Session::save() does.
  Status save(const std::filesystem::path& path, std::string text = {}) const;
  /// Takes tokens() and what the model had made of them from a file that save() wrote, and returns the caller's text.
  /// Errors as Model::load_session(), with which everything stays as it is.
  Result<std::string> load(const std::filesystem::path& path);

 private:
  explicit TextGenerator(std::unique_ptr<TextGeneratorImpl> impl);
  std::unique_ptr<TextGeneratorImpl> impl_;
};

}  // namespace hearth
