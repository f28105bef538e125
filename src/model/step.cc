#include "model/step.h"

#include <algorithm>

#include "base/errors.h"
#include "model/device_transfer.h"
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

/// Runs the code; inputs and outputs lie on the host. Outputs are nobody else's.
Result<std::vector<Tensor>> run_module(Module& module, const KernelContext& context, std::span<const Tensor> inputs) {
  if (context.gpu == nullptr) {
    HEARTH_ASSIGN_OR_RETURN(std::vector<Tensor> outputs, module.run(context, inputs));
    HEARTH_RETURN_IF_ERROR(own_outputs(*context.pool, inputs, outputs));
    return outputs;
  }
  const GpuWork& gpu = *context.gpu;
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Tensor> copies,
                          copy_to_device(*gpu.device, *gpu.stream, *context.pool, inputs));
  Result<std::vector<Tensor>> outputs = module.run(context, copies);
  if (outputs.ok()) return copy_to_host(*gpu.device, *gpu.stream, *gpu.host_pool, *outputs);
  // What has been launched may still use the memory that is given back now.
  const Status waited = gpu.stream->synchronize();
  return waited.ok() ? outputs.status() : outputs.status().with_context(waited.message());
}

Result<std::vector<Tensor>> run_checked(ModelImpl& model, const ModelImpl::Method& method, Workspace& workspace,
                                        MemoryPool& pages, std::span<const StepPart> parts,
                                        std::span<const Tensor> inputs) {
  std::vector<Tensor> copies;
  std::span<const Tensor> laid_out = inputs;
  if (model.archive().has_manifest()) {
    HEARTH_RETURN_IF_ERROR(check_inputs(*method.spec, inputs));
    HEARTH_RETURN_IF_ERROR(check_context(model.archive().manifest(), method, parts, inputs));
    HEARTH_ASSIGN_OR_RETURN(copies, lay_out_inputs(*method.spec, inputs, workspace.host()));
    laid_out = copies;
  }
  std::vector<StepSequence> sequences;
  for (const StepPart& part : parts) sequences.push_back({&part.sequence->cache(), part.tokens, &pages});
  const ThreadTeam::ScopedCaller caller(model.team());
  GpuWork gpu{.device = model.device().get(),
              .host_pool = &workspace.host(),
              .kernels = &model.gpu_kernels(),
              .host_constants = &model.host_constants()};
  HEARTH_ASSIGN_OR_RETURN(gpu.stream, workspace.stream());
  const KernelContext context{.team = &model.team(),
                              .pool = &workspace.temporaries(),
                              .packed = &model.packed(),
                              .sequences = sequences,
                              .adapter = model.adapter(),
                              .gpu = gpu.stream != nullptr ? &gpu : nullptr};
  HEARTH_ASSIGN_OR_RETURN(std::vector<Tensor> outputs, run_module(*method.module, context, laid_out));
  if (model.archive().has_manifest()) HEARTH_RETURN_IF_ERROR(check_outputs(*method.spec, laid_out, outputs));
  HEARTH_RETURN_IF_ERROR(check_pending(parts));
  return outputs;
}

}  // namespace

Result<std::vector<Tensor>> run_step(ModelImpl& model, std::string_view name, Workspace& workspace, MemoryPool& pages,
                                     std::span<const StepPart> parts, std::span<const Tensor> inputs) {
  HEARTH_ASSIGN_OR_RETURN(const ModelImpl::Method* method, model.find(name));
  if (!model.device()->properties().executes) {
    return unavailable("the device '{}' runs nothing; choose another with --device", model.device()->properties().name);
  }
  for (const StepPart& part : parts) HEARTH_RETURN_IF_ERROR(part.sequence->check());
  for (const StepPart& part : parts) part.sequence->begin_run();
  Result<std::vector<Tensor>> outputs = run_checked(model, *method, workspace, pages, parts, inputs);
  // Only now: a run that failed half-way leaves the sequences as they were.
  for (const StepPart& part : parts) part.sequence->end_run(outputs.status());
  if (!outputs.ok()) return outputs.status().with_context(fmt::format("method '{}'", name));
  return outputs;
}

}  // namespace hearth
