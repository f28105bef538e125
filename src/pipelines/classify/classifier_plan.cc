#include "pipelines/classify/classifier_plan.h"

#include <algorithm>

#include "base/errors.h"

namespace hearth {
namespace {

/// Pictures that go through the model together: enough to keep the threads busy, few enough to bound memory.
constexpr int64_t kUsualBatch = 16;
/// More than that is not made up by repeating pictures.
constexpr int64_t kLargestBatch = 1024;

/// A file may hold any numbers, so that sizes are computed in twice their width.
using Wide = __int128;

Result<BatchSizes> batch_sizes(const MethodSpec& method, const Dimension& batch) {
  Wide least = batch.add;
  Wide most = batch.add;
  Wide step = 1;
  if (!batch.symbol.empty()) {
    const SymbolRange& range = method.symbols.at(batch.symbol);
    step = batch.multiply;
    const Wide smallest_useful = (Wide{1} - batch.add + step - 1) / step;
    least = std::max<Wide>(range.min, smallest_useful) * step + batch.add;
    most = Wide{range.max} * step + batch.add;
  }
  if (least < 1 || least > most) return invalid_argument("the model takes batches without pictures");
  if (least > kLargestBatch) {
    return invalid_argument("the model takes at least {} pictures at once, the most here is {}",
                            static_cast<int64_t>(std::min<Wide>(least, INT64_MAX)), kLargestBatch);
  }
  if (least < kUsualBatch) most = std::min(most, least + (kUsualBatch - least) / step * step);
  if (least >= kUsualBatch) most = least;
  return BatchSizes{static_cast<int64_t>(least), static_cast<int64_t>(most), static_cast<int64_t>(step)};
}

}  // namespace

int64_t BatchSizes::with_room_for(int64_t pictures) const {
  if (pictures >= most) return most;
  const int64_t missing = std::max<int64_t>(pictures - least, 0);
  return least + (missing + step - 1) / step * step;
}

Result<ClassifierPlan> plan_classifier(const Manifest& manifest) {
  if (!manifest.pipeline) {
    return invalid_argument(
        "the model '{}' is not for image classification: its file describes no task; use `hearth run`", manifest.name);
  }
  const PipelineSpec& pipeline = *manifest.pipeline;
  if (pipeline.task != "image-classification") {
    return invalid_argument("the model '{}' is not for image classification, its task is {}", manifest.name,
                            pipeline.task);
  }
  const MethodSpec& method = manifest.methods.at(pipeline.method);
  if (method.inputs.size() != 1)
    return invalid_argument("the model's method '{}' needs more than a picture", pipeline.method);
  const InputSpec& input = method.inputs.front();
  if (input.shape.size() != 4 || input.dtype != DType::kFloat32) {
    return invalid_argument("the model's input '{}' is not a batch of float32 pictures", input.name);
  }
  HEARTH_ASSIGN_OR_RETURN(const BatchSizes batch, batch_sizes(method, input.shape[0]));
  const auto output = std::ranges::find(method.outputs, pipeline.output, &OutputSpec::name);
  return ClassifierPlan{&pipeline, batch, static_cast<size_t>(output - method.outputs.begin())};
}

}  // namespace hearth
