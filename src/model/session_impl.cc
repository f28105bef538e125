#include "model/session_impl.h"

#include <algorithm>

#include "base/errors.h"
#include "model/step.h"

namespace hearth {

SessionImpl::SessionImpl(std::shared_ptr<ModelImpl> model)
    : model_(std::move(model)), pool_(MemoryPool::create(model_->device())) {}

Result<std::unique_ptr<SessionImpl>> SessionImpl::fork() const {
  HEARTH_RETURN_IF_ERROR(sequence_.check());
  auto copy = std::make_unique<SessionImpl>(model_);
  copy->sequence_ = sequence_;
  return copy;
}

Result<std::vector<Tensor>> SessionImpl::run(std::string_view name, std::span<const Tensor> inputs) {
  const StepPart part{.sequence = &sequence_};
  return run_step(*model_, name, {.temporaries = *pool_, .pages = *pool_}, std::span(&part, 1), inputs);
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
