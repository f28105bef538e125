#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "hearth/export.h"
#include "hearth/model.h"
#include "hearth/status.h"

namespace hearth {

/// How a text is cut into windows that fit the model's context. Each begins `stride` tokens after the one before, and
/// scores the tokens that none before it did.
struct PerplexityOptions {
  int64_t context = 0;  ///< Tokens of a window; 0: as many as the model takes, 2048 at most.
  int64_t stride = 0;   ///< From 1 to the context; 0: half of it.
};

/// How well a language model foresees a text.
struct Perplexity {
  double value = 0;           ///< e to the mean surprise of a token.
  double standard_error = 0;  ///< Of the value, from how surprises differ.
  int64_t tokens = 0;         ///< That were scored: all but the first.
};

/// Told how many of the tokens are scored.
using PerplexityProgress = std::function<void(int64_t scored, int64_t total)>;

/// The perplexity of a text's tokens. kInvalidArgument: fewer than two tokens, a number that is no token, windows that
/// make no sense, or a model that is not for text generation; kFailed: the model answered what is no number.
HEARTH_API Result<Perplexity> perplexity(const Model& model, std::span<const int64_t> tokens,
                                         const PerplexityOptions& options = {},
                                         const PerplexityProgress& progress = {});

}  // namespace hearth
