#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "hearth/export.h"
#include "hearth/model.h"
#include "hearth/sampling.h"
#include "hearth/status.h"

namespace hearth {

struct GenerateOptions {
  int64_t max_tokens = 128;  ///< Tokens to generate at most.
  SamplingOptions sampling;  ///< How each token is chosen.
  bool stops_at_end = true;  ///< A token that the model's file calls an end is the last.
};

/// Why a generation is over.
enum class FinishReason {
  kEnd,      ///< The model gave one of its end tokens.
  kLength,   ///< There are max_tokens tokens.
  kContext,  ///< The sequence is as long as the model takes.
  kCaller,   ///< The caller's function said so.
};

struct Generation {
  std::vector<int64_t> tokens;  ///< What was generated, an end token included.
  FinishReason finish = FinishReason::kLength;
  double prompt_seconds = 0;    ///< Until the model had read the prompt and the first token was known.
  double generate_seconds = 0;  ///< For the tokens after the first.
};

class TextGeneratorImpl;

/// Continues sequences of tokens with a language model. Move-only; used from one thread at a time.
class HEARTH_API TextGenerator {
 public:
  /// kInvalidArgument when the model is not for text generation.
  static Result<TextGenerator> create(const Model& model);
  TextGenerator(TextGenerator&&) noexcept;
  TextGenerator& operator=(TextGenerator&&) noexcept;
  ~TextGenerator();

  /// A continuation of `prompt`, token by token, the most probable one by default. `on_token` is told of each token
  /// when it is known, and returns false to stop; it may be empty. kInvalidArgument: an empty prompt, a number that is
  /// no token, a prompt that leaves no room in the model's context, or sampling options that make no sense.
  Result<Generation> generate(std::span<const int64_t> prompt, const GenerateOptions& options,
                              const std::function<bool(int64_t token)>& on_token = {});

 private:
  explicit TextGenerator(std::unique_ptr<TextGeneratorImpl> impl);
  std::unique_ptr<TextGeneratorImpl> impl_;
};

}  // namespace hearth
