#include "model/step.h"

#include <algorithm>

#include "base/errors.h"
#include "model/value_check.h"
#include "tensor/copy.h"

namespace hearth {
namespace {

/// Copies outputs that are inputs, or constants of the model.
Status own_outputs(MemoryPool& pool, std::span<const Tensor> inputs, std::span<Tensor> outputs) {
  for (Tensor& output : outputs) {
    const bool is_input = std::ranges::any_of(
        inputs, [&](const Tensor& input) { return input.storage().get() == output.storage().get(); });
    if (!is_input && !output.storage()->is_constant()) continue;
    HEARTH_ASSIGN_OR_RETURN(Tensor copy, pool.empty(output.dtype(), output.shape()));
    HEARTH_RETURN_IF_ERROR(copy_strided(copy, output));
    output = std::move(copy);
  }
  return {};
}

/// A method without an attention of ours would answer as if all tokens were one sequence's.
Status check_pending(std::span<const StepPart> parts) {
  for (const StepPart& part : parts) {
    if (part.tokens == StepSequence::kAllTokens || part.sequence->cache().pending() == part.tokens) continue;
    return invalid_argument("it keeps no keys and values of a sequence's tokens, so that it cannot run for several");
  }
  return {};
}

/// A sequence may not become longer than a language model's context.
Status check_context(const Manifest& manifest, const ModelImpl::Method& method, std::span<const StepPart> parts,
                     std::span<const Tensor> inputs) {
  const std::optional<PipelineSpec>& pipeline = manifest.pipeline;
  if (!pipeline || pipeline->task != "text-generation") return {};
  if (method.spec != &manifest.methods.at(pipeline->method)) return {};
  const int64_t context = pipeline->generation.context_length;
  const auto tokens = std::ranges::find(method.spec->inputs, "tokens", &InputSpec::name);
  if (tokens == method.spec->inputs.end()) return {};
  const Tensor& given = inputs[static_cast<size_t>(tokens - method.spec->inputs.begin())];
  if (given.rank() != 1) return {};
  for (const StepPart& part : parts) {
    const int64_t length = part.sequence->cache().length();
    const int64_t more = part.tokens == StepSequence::kAllTokens ? given.size(0) : part.tokens;
    if (more <= context - length) continue;
    return invalid_argument(
        "the sequence has {} tokens, and {} more do not fit the model's context of {}: rewind it, or begin a new "
        "session",
        length, more, context);
  }
  return {};
}

Result<std::vector<Tensor>> run_checked(ModelImpl& model, const ModelImpl::Method& method, const StepMemory& memory,
                                        std::span<const StepPart> parts, std::span<const Tensor> inputs) {
  std::vector<Tensor> copies;
  std::span<const Tensor> laid_out = inputs;
  if (model.archive().has_manifest()) {
    HEARTH_RETURN_IF_ERROR(check_inputs(*method.spec, inputs));
    HEARTH_RETURN_IF_ERROR(check_context(model.archive().manifest(), method, parts, inputs));
    HEARTH_ASSIGN_OR_RETURN(copies, lay_out_inputs(*method.spec, inputs, memory.temporaries));
    laid_out = copies;
  }
  std::vector<StepSequence> sequences;
  for (const StepPart& part : parts) sequences.push_back({&part.sequence->cache(), part.tokens, &memory.pages});
  const ThreadTeam::ScopedCaller caller(model.team());
  const KernelContext context{&model.team(), &memory.temporaries, &model.packed(), sequences, model.adapter()};
  HEARTH_ASSIGN_OR_RETURN(std::vector<Tensor> outputs, method.module->run(context, laid_out));
  if (model.archive().has_manifest()) HEARTH_RETURN_IF_ERROR(check_outputs(*method.spec, laid_out, outputs));
  HEARTH_RETURN_IF_ERROR(own_outputs(memory.temporaries, laid_out, outputs));
  HEARTH_RETURN_IF_ERROR(check_pending(parts));
  return outputs;
}

}  // namespace

Result<std::vector<Tensor>> run_step(ModelImpl& model, std::string_view name, const StepMemory& memory,
                                     std::span<const StepPart> parts, std::span<const Tensor> inputs) {
  HEARTH_ASSIGN_OR_RETURN(const ModelImpl::Method* method, model.find(name));
  if (!model.device()->properties().executes) {
    return unavailable("the device '{}' runs nothing; choose another with --device", model.device()->properties().name);
  }
  for (const StepPart& part : parts) HEARTH_RETURN_IF_ERROR(part.sequence->check());
  for (const StepPart& part : parts) part.sequence->begin_run();
  Result<std::vector<Tensor>> outputs = run_checked(model, *method, memory, parts, inputs);
  // Only now: a run that failed half-way leaves the sequences as they were.
  for (const StepPart& part : parts) part.sequence->end_run(outputs.status());
  if (!outputs.ok()) return outputs.status().with_context(fmt::format("method '{}'", name));
  return outputs;
}

}  // namespace hearth
