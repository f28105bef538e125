#pragma once

#include <string_view>

#include "archive/manifest.h"
#include "hearth/status.h"

namespace hearth {

/// The model's pipeline, which is for `task`. kInvalidArgument when it is for another or there is none; `words` are
/// what the message calls the task. Points into the manifest.
Result<const PipelineSpec*> pipeline_for(const Manifest& manifest, std::string_view task, std::string_view words);

}  // namespace hearth
