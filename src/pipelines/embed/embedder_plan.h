#pragma once

#include "archive/manifest.h"
#include "hearth/status.h"

namespace hearth {

/// What a text embedder needs to know of a model's file. Points into the manifest.
struct EmbedderPlan {
  const PipelineSpec* pipeline = nullptr;
  int64_t most_texts = 1;  ///< That the method takes at once.
};

/// kInvalidArgument when the model is not for text embedding; kInvalidFile when its method takes anything but tokens
/// and lengths of texts, or does not return a vector for each.
Result<EmbedderPlan> plan_embedder(const Manifest& manifest);

}  // namespace hearth
