#pragma once

#include "archive/manifest.h"
#include "hearth/status.h"

namespace hearth {

/// What a text generator needs to know of a model's file. Points into the manifest.
struct GeneratorPlan {
  const PipelineSpec* pipeline = nullptr;
  int64_t most_tokens = 1;     ///< That the method takes at once.
  int64_t most_sequences = 1;  ///< Of whose next tokens it gives the logits at once.
};

/// kInvalidArgument when the model is not for text generation; kInvalidFile when its method takes anything but tokens,
/// positions and rows, or does not return their logits.
Result<GeneratorPlan> plan_generator(const Manifest& manifest);

}  // namespace hearth
