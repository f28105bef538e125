#include "model/session_impl.h"

#include <algorithm>

#include "base/errors.h"
#include "model/value_check.h"
#include "tensor/copy.h"

namespace hearth {

SessionImpl::SessionImpl(std::shared_ptr<ModelImpl> model)
    : model_(std::move(model)), pool_(MemoryPool::create(model_->device())) {}

std::unique_ptr<SessionImpl> SessionImpl::fork() const {
  auto copy = std::make_unique<SessionImpl>(model_);
  copy->cache_ = cache_;
  return copy;
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
    HEARTH_ASSIGN_OR_RETURN(copies, lay_out_inputs(*method.spec, inputs, *pool_));
    laid_out = copies;
  }
  const ThreadTeam::ScopedCaller caller(model_->team());
  const KernelContext context{&model_->team(), pool_.get(), &model_->packed(), &cache_, model_->adapter()};
  HEARTH_ASSIGN_OR_RETURN(std::vector<Tensor> outputs, method.module->run(context, laid_out));
  if (model_->archive().has_manifest()) HEARTH_RETURN_IF_ERROR(check_outputs(*method.spec, laid_out, outputs));
  HEARTH_RETURN_IF_ERROR(own_outputs(laid_out, outputs));
  return outputs;
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
