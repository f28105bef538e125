#include "pipelines/generate/generator_plan.h"

#include <array>

#include "base/errors.h"
#include "pipelines/pipeline_task.h"

namespace hearth {
namespace {

bool is_plain_list(const InputSpec& input, std::string_view name) {
  return input.name == name && input.dtype == DType::kInt64 && input.shape.size() == 1 && input.shape[0].is_symbol();
}

}  // namespace

Result<GeneratorPlan> plan_generator(const Manifest& manifest) {
  HEARTH_ASSIGN_OR_RETURN(const PipelineSpec* found, pipeline_for(manifest, "text-generation", "text generation"));
  const PipelineSpec& pipeline = *found;
  const MethodSpec& method = manifest.methods.at(pipeline.method);
  constexpr std::array kInputs{"tokens", "positions", "rows"};
  bool fits = method.inputs.size() == kInputs.size() && method.outputs.size() == 1;
  for (size_t i = 0; fits && i < kInputs.size(); ++i) fits = is_plain_list(method.inputs[i], kInputs[i]);
  if (!fits) {
    return invalid_file("method '{}' does not take lists of tokens, positions and rows, or returns more than logits",
                        pipeline.method);
  }
  const OutputSpec& logits = method.outputs[0];
  const bool has_logits = logits.dtype == DType::kFloat32 && logits.shape.size() == 2 &&
                          logits.shape[1].symbol.empty() && logits.shape[1].add == pipeline.generation.vocabulary_size;
  if (!has_logits) {
    return invalid_file("method '{}' does not return float32 logits of {} tokens", pipeline.method,
                        pipeline.generation.vocabulary_size);
  }
  const SymbolRange& tokens = method.symbols.at(method.inputs[0].shape[0].symbol);
  const SymbolRange& rows = method.symbols.at(method.inputs[2].shape[0].symbol);
  if (tokens.min > 1 || rows.min > 1) {
    return invalid_file("method '{}' does not take a single token", pipeline.method);
  }
  return GeneratorPlan{&pipeline, tokens.max, std::min(tokens.max, rows.max)};
}

}  // namespace hearth
