#include "model/session_impl.h"

#include <algorithm>

#include "base/errors.h"
#include "base/mapped_file.h"
#include "model/session_file.h"
#include "model/value_check.h"
#include "tensor/copy.h"

namespace hearth {

SessionImpl::SessionImpl(std::shared_ptr<ModelImpl> model, KeyValueCache cache)
    : model_(std::move(model)), pool_(MemoryPool::create(model_->device())), cache_(std::move(cache)) {}

std::unique_ptr<SessionImpl> SessionImpl::fork() const { return std::make_unique<SessionImpl>(model_, cache_); }

Status SessionImpl::save(const std::filesystem::path& path, const SessionNotes& notes) const {
  HEARTH_ASSIGN_OR_RETURN(const uint64_t identity, model_identity(model_->archive()));
  return write_session(path, identity, cache_, notes);
}

Result<std::unique_ptr<SessionImpl>> SessionImpl::load(std::shared_ptr<ModelImpl> model,
                                                       const std::filesystem::path& path, std::optional<DType> dtype,
                                                       SessionNotes& notes) {
  HEARTH_ASSIGN_OR_RETURN(const uint64_t identity, model_identity(model->archive()));
  HEARTH_ASSIGN_OR_RETURN(const std::shared_ptr<const MappedFile> file, MappedFile::open(path));
  auto session = std::make_unique<SessionImpl>(std::move(model));
  Result<SessionRecord> record = read_session(file->bytes(), identity, dtype, *session->pool_);
  if (!record.ok()) return record.status().with_context(path.string());
  session->cache_ = std::move(record->cache);
  notes = std::move(record->notes);
  return session;
}

Result<std::vector<Tensor>> SessionImpl::run(std::string_view name, std::span<const Tensor> inputs) {
  HEARTH_ASSIGN_OR_RETURN(const ModelImpl::Method* method, model_->find(name));
  if (!model_->device()->properties().executes) {
    return unavailable("the device '{}' runs nothing; choose another with --device",
                       model_->device()->properties().name);
  }
  Result<std::vector<Tensor>> outputs = run_checked(*method, inputs);
  // Only now: a run that failed half-way leaves the sequence as it was.
  outputs.ok() ? cache_.commit() : cache_.abandon();
  if (!outputs.ok()) return outputs.status().with_context(fmt::format("method '{}'", name));
  return outputs;
}

Result<std::vector<Tensor>> SessionImpl::run_checked(const ModelImpl::Method& method, std::span<const Tensor> inputs) {
  std::vector<Tensor> copies;
  std::span<const Tensor> laid_out = inputs;
  if (model_->archive().has_manifest()) {
    HEARTH_RETURN_IF_ERROR(check_inputs(*method.spec, inputs));
    HEARTH_RETURN_IF_ERROR(check_context(method, inputs));
    HEARTH_ASSIGN_OR_RETURN(copies, lay_out_inputs(*method.spec, inputs, *pool_));
    laid_out = copies;
  }
  const ThreadTeam::ScopedCaller caller(model_->team());
  const KernelContext context{&model_->team(), pool_.get(), &model_->packed(), &cache_};
  HEARTH_ASSIGN_OR_RETURN(std::vector<Tensor> outputs, method.module->run(context, laid_out));
  if (model_->archive().has_manifest()) HEARTH_RETURN_IF_ERROR(check_outputs(*method.spec, laid_out, outputs));
  HEARTH_RETURN_IF_ERROR(own_outputs(laid_out, outputs));
  return outputs;
}

Status SessionImpl::check_context(const ModelImpl::Method& method, std::span<const Tensor> inputs) const {
  const std::optional<PipelineSpec>& pipeline = model_->archive().manifest().pipeline;
  if (!pipeline || pipeline->task != "text-generation" ||
      method.spec != &model_->archive().manifest().methods.at(pipeline->method)) {
    return {};
  }
  const int64_t context = pipeline->generation.context_length;
  const auto tokens = std::ranges::find(method.spec->inputs, "tokens", &InputSpec::name);
  if (tokens == method.spec->inputs.end()) return {};
  const Tensor& given = inputs[static_cast<size_t>(tokens - method.spec->inputs.begin())];
  if (given.rank() != 1 || given.size(0) <= context - cache_.length()) return {};
  return invalid_argument(
      "the sequence has {} tokens, and {} more do not fit the model's context of {}: rewind it, or begin a new session",
      cache_.length(), given.size(0), context);
}

Status SessionImpl::own_outputs(std::span<const Tensor> inputs, std::span<Tensor> outputs) {
  for (Tensor& output : outputs) {
    const bool is_input = std::ranges::any_of(
        inputs, [&](const Tensor& input) { return input.storage().get() == output.storage().get(); });
    if (!is_input && !output.storage()->is_constant()) continue;
    HEARTH_ASSIGN_OR_RETURN(Tensor copy, pool_->empty(output.dtype(), output.shape()));
    HEARTH_RETURN_IF_ERROR(copy_strided(copy, output));
    output = std::move(copy);
  }
  return {};
}

Result<std::vector<Tensor>> SessionImpl::order_inputs(std::string_view name,
                                                      std::span<const std::pair<std::string, Tensor>> inputs) const {
  HEARTH_ASSIGN_OR_RETURN(const ModelImpl::Method* method, model_->find(name));
  const std::vector<InputSpec>& specs = method->spec->inputs;
  if (!model_->archive().has_manifest()) {
    return invalid_argument(
        "method '{}' comes from a stock package, which does not name its inputs: give them in order", name);
  }
  std::vector<Tensor> ordered(specs.size());
  for (const auto& [input_name, tensor] : inputs) {
    const auto spec = std::ranges::find(specs, input_name, &InputSpec::name);
    if (spec == specs.end()) {
      std::vector<std::string_view> names;
      for (const InputSpec& input : specs) names.push_back(input.name);
      return invalid_argument("method '{}' has no input '{}'; it has {}", name, input_name, fmt::join(names, ", "));
    }
    Tensor& slot = ordered[static_cast<size_t>(spec - specs.begin())];
    if (slot.defined()) return invalid_argument("method '{}': input '{}' was given twice", name, input_name);
    slot = tensor;
  }
  return ordered;
}

}  // namespace hearth
