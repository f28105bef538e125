#pragma once

#include <cstddef>
#include <cstdint>

#include "archive/manifest.h"
#include "hearth/status.h"

namespace hearth {

/// How many pictures a method takes at once: least, least + step, … up to most.
struct BatchSizes {
  int64_t least = 1;
  int64_t most = 1;
  int64_t step = 1;

  /// The smallest that has room for `pictures`, or the largest of all where none has.
  int64_t with_room_for(int64_t pictures) const;
};

/// What an image classifier needs to know of a model's file. Points into the manifest.
struct ClassifierPlan {
  const PipelineSpec* pipeline = nullptr;
  BatchSizes batch;
  size_t output = 0;  ///< The place of the pipeline's output among the method's.
};

/// kInvalidArgument when the model is not for image classification, or takes anything but a batch of pictures.
Result<ClassifierPlan> plan_classifier(const Manifest& manifest);

}  // namespace hearth
