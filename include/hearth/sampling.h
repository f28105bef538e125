#pragma once

#include <cstdint>
#include <vector>

namespace hearth {

struct TokenBias {
  int64_t token;
  double bias;
};

struct TokenLogProbability {
  int64_t token;
  double log_probability;  ///< Natural logarithm.
};

/// How the next token is chosen. The defaults choose the most probable one.
///
/// In order, each on what the one before left: penalties and biases change scores; the temperature divides them; top_k,
/// top_p, min_p and typical_p each leave some tokens, of which one is drawn by its probability.
struct SamplingOptions {
  double temperature = 0;  ///< 0: the most probable token; above 1: improbable ones become likelier.
  int64_t top_k = 0;       ///< The so many most probable tokens; 0: all.
  double top_p = 1;        ///< The fewest tokens that together are at least so probable.
  double min_p = 0;        ///< Tokens at least so probable, relative to the most probable.
  /// The fewest tokens that together are at least so probable, those first whose surprise is nearest to the expected
  /// (Meister and others, "Locally typical sampling", 2023).
  double typical_p = 1;
  /// Scores of tokens that occurred are divided by it if positive, else multiplied (Keskar and others, "CTRL", 2019).
  double repetition_penalty = 1;
  double presence_penalty = 0;          ///< Taken from the score of a token that was generated.
  double frequency_penalty = 0;         ///< The same for each time.
  std::vector<TokenBias> logit_bias{};  ///< Added to scores; -infinity forbids a token.
  uint64_t seed = 0;                    ///< Of the random numbers, which are the same on every machine.
};

}  // namespace hearth
