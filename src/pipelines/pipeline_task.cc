#include "pipelines/pipeline_task.h"

#include "base/errors.h"

namespace hearth {

Result<const PipelineSpec*> pipeline_for(const Manifest& manifest, std::string_view task, std::string_view words) {
  const std::optional<PipelineSpec>& pipeline = manifest.pipeline;
  if (pipeline && pipeline->task == task) return &*pipeline;
  return invalid_argument(
      "the model '{}' is not for {}: {}", manifest.name, words,
      pipeline ? fmt::format("its task is {}", pipeline->task) : "its file describes no task; use `hearth run`");
}

}  // namespace hearth
