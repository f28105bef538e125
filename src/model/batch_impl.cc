#include "model/batch_impl.h"

#include <algorithm>

#include "base/errors.h"
#include "model/session_impl.h"
#include "model/step.h"

namespace hearth {

BatchImpl::BatchImpl(std::shared_ptr<ModelImpl> model)
    : model_(std::move(model)),
      workspace_(model_->device(), model_->memory()),
      pages_(MemoryPool::create(host_of(model_->device()))) {}

Status BatchImpl::check_parts(std::span<const Batch::Part> parts, std::span<const Tensor> inputs) const {
  if (parts.empty()) return invalid_argument("a batch of no sessions");
  int64_t tokens = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto& [session, count] = parts[i];
    if (session == nullptr) return invalid_argument("part {} of the batch has no session", i);
    if (session->impl().model() != model_.get()) {
      return invalid_argument("part {} of the batch is a session of another model", i);
    }
    const auto same = std::ranges::find(parts.first(i), session, &Batch::Part::session);
    if (same != parts.begin() + static_cast<std::ptrdiff_t>(i)) {
      return invalid_argument("parts {} and {} of the batch are the same session", same - parts.begin(), i);
    }
    if (count < 1) return invalid_argument("part {} of the batch has {} tokens, it needs at least one", i, count);
    if (__builtin_add_overflow(tokens, count, &tokens)) return invalid_argument("a batch of too many tokens");
    const Status status = session->impl().sequence().check();
    if (!status.ok()) return status.with_context(fmt::format("part {} of the batch", i));
  }
  const bool fits = !inputs.empty() && inputs[0].defined() && inputs[0].rank() > 0 && inputs[0].size(0) == tokens;
  if (fits) return {};
  return invalid_argument("the batch's parts have {} tokens, but its first input is {}", tokens,
                          inputs.empty() ? "missing" : describe(inputs[0]));
}

Result<std::vector<Tensor>> BatchImpl::run(std::string_view method, std::span<const Batch::Part> parts,
                                           std::span<const Tensor> inputs) {
  HEARTH_RETURN_IF_ERROR(check_parts(parts, inputs));
  std::vector<StepPart> steps;
  for (const auto& [session, tokens] : parts) steps.push_back({&session->impl().sequence(), tokens});
  return run_step(*model_, method, workspace_, *pages_, steps, inputs);
}

}  // namespace hearth
