#include "model/session_impl.h"

#include <algorithm>

#include "base/errors.h"
#include "base/mapped_file.h"
#include "model/session_file.h"
#include "model/step.h"

namespace hearth {
namespace {

/// Of the model's file and its adapter's.
Result<uint64_t> identity_of(const ModelImpl& model) {
  HEARTH_ASSIGN_OR_RETURN(const uint64_t file, model_identity(model.archive()));
  return file ^ model.adapter_hash();
}

}  // namespace

SessionImpl::SessionImpl(std::shared_ptr<ModelImpl> model, KeyValueCache cache)
    : model_(std::move(model)), workspace_(model_->device(), model_->memory()), sequence_(std::move(cache)) {}

Result<std::unique_ptr<SessionImpl>> SessionImpl::fork() const {
  HEARTH_RETURN_IF_ERROR(sequence_.check());
  return std::make_unique<SessionImpl>(model_, sequence_.cache());
}

Status SessionImpl::save(const std::filesystem::path& path, const SessionNotes& notes) const {
  HEARTH_RETURN_IF_ERROR(sequence_.check());
  HEARTH_ASSIGN_OR_RETURN(const uint64_t identity, identity_of(*model_));
  return write_session(path, identity, sequence_.cache(), notes);
}

Result<std::unique_ptr<SessionImpl>> SessionImpl::load(std::shared_ptr<ModelImpl> model,
                                                       const std::filesystem::path& path, std::optional<DType> dtype,
                                                       SessionNotes& notes) {
  HEARTH_ASSIGN_OR_RETURN(const uint64_t identity, identity_of(*model));
  HEARTH_ASSIGN_OR_RETURN(const std::shared_ptr<const MappedFile> file, MappedFile::open(path));
  auto session = std::make_unique<SessionImpl>(std::move(model));
  Result<SessionRecord> record = read_session(file->bytes(), identity, dtype, session->workspace_.host());
  if (!record.ok()) return record.status().with_context(path.string());
  session->sequence_ = Sequence(std::move(record->cache));
  notes = std::move(record->notes);
  return session;
}

Result<std::vector<Tensor>> SessionImpl::run(std::string_view name, std::span<const Tensor> inputs) {
  const StepPart part{.sequence = &sequence_};
  return run_step(*model_, name, workspace_, workspace_.host(), std::span(&part, 1), inputs);
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
