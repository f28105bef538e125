#include "pipelines/embed/embedder_plan.h"

#include "base/errors.h"
#include "pipelines/pipeline_task.h"

namespace hearth {
namespace {

bool takes_texts(const MethodSpec& method) {
  if (method.inputs.size() != 2) return false;
  const InputSpec& tokens = method.inputs[0];
  const InputSpec& lengths = method.inputs[1];
  return tokens.name == "tokens" && tokens.dtype == DType::kInt64 && tokens.shape.size() == 2 &&
         tokens.shape[0].is_symbol() && tokens.shape[1].is_symbol() &&
         tokens.shape[0].symbol != tokens.shape[1].symbol && lengths.name == "lengths" &&
         lengths.dtype == DType::kInt64 && lengths.shape.size() == 1 && lengths.shape[0].is_symbol() &&
         lengths.shape[0].symbol == tokens.shape[0].symbol;
}

bool returns_vectors(const MethodSpec& method, int64_t dimensions) {
  if (method.outputs.size() != 1) return false;
  const OutputSpec& vectors = method.outputs[0];
  return vectors.dtype == DType::kFloat32 && vectors.shape.size() == 2 && vectors.shape[0].is_symbol() &&
         vectors.shape[0].symbol == method.inputs[0].shape[0].symbol && vectors.shape[1].symbol.empty() &&
         !vectors.shape[1].unknown && vectors.shape[1].add == dimensions;
}

}  // namespace

Result<EmbedderPlan> plan_embedder(const Manifest& manifest) {
  HEARTH_ASSIGN_OR_RETURN(const PipelineSpec* found, pipeline_for(manifest, "text-embedding", "text embedding"));
  const PipelineSpec& pipeline = *found;
  const TextEmbedding& facts = pipeline.embedding;
  const MethodSpec& method = manifest.methods.at(pipeline.method);
  if (!takes_texts(method)) {
    return invalid_file("method '{}' does not take tokens and lengths of texts", pipeline.method);
  }
  if (!returns_vectors(method, facts.dimensions)) {
    return invalid_file("method '{}' does not return a float32 vector of {} numbers for each text", pipeline.method,
                        facts.dimensions);
  }
  const SymbolRange& texts = method.symbols.at(method.inputs[0].shape[0].symbol);
  const SymbolRange& tokens = method.symbols.at(method.inputs[0].shape[1].symbol);
  if (texts.min > 1 || tokens.min > 1 || texts.max < 1) {
    return invalid_file("method '{}' does not take a single text of a single token", pipeline.method);
  }
  if (tokens.max < facts.context_length) {
    return invalid_file("method '{}' takes {} tokens, fewer than the context length of {}", pipeline.method, tokens.max,
                        facts.context_length);
  }
  return EmbedderPlan{&pipeline, texts.max};
}

}  // namespace hearth
