#include "hearth/scheduler.h"

#include <algorithm>

#include "base/errors.h"
#include "pipelines/generate/scheduler_impl.h"
#include "pipelines/generate/step_plan.h"
#include "pipelines/generate/token_lists.h"

namespace hearth {
namespace {

/// Room that a step has for prompts, however many sequences go on.
constexpr int64_t kRoomForPrompts = 2 * kFewestTokensOfPart;

/// The options as far as the model's method goes.
Result<SchedulerOptions> checked_options(SchedulerOptions options, const GeneratorPlan& plan) {
  if (options.most_sequences < 1) {
    return invalid_argument("a scheduler of {} sequences at a time", options.most_sequences);
  }
  if (options.tokens_of_step - kRoomForPrompts < options.most_sequences) {
    return invalid_argument("{} tokens a step are too few for {} sequences: give it {} or more", options.tokens_of_step,
                            options.most_sequences, options.most_sequences + kRoomForPrompts);
  }
  options.tokens_of_step = std::min(options.tokens_of_step, plan.most_tokens);
  const int64_t most = std::max<int64_t>(options.tokens_of_step - kRoomForPrompts, 1);
  options.most_sequences = std::min({options.most_sequences, plan.most_sequences, most});
  return options;
}

/// What keys and values of one page take, at all layers: those of a sequence of one token.
Result<size_t> bytes_of_page(const TextModel& model, Batch& batch, const SessionOptions& options) {
  HEARTH_ASSIGN_OR_RETURN(Session session, model.model().session(options));
  const int64_t token = 0;
  TokenLists lists;
  lists.add(std::span(&token, 1), 0);
  HEARTH_ASSIGN_OR_RETURN(const auto inputs, lists.tensors());
  const Batch::Part part{.session = &session, .tokens = 1};
  HEARTH_RETURN_IF_ERROR(batch.run(model.plan().pipeline->method, std::span(&part, 1), inputs).status());
  return session.memory_bytes();
}

}  // namespace

Result<Scheduler> Scheduler::create(const Model& model, const SchedulerOptions& options) {
  HEARTH_ASSIGN_OR_RETURN(std::shared_ptr<TextModel> text_model, TextModel::open(model));
  HEARTH_ASSIGN_OR_RETURN(const SchedulerOptions checked, checked_options(options, text_model->plan()));
  HEARTH_ASSIGN_OR_RETURN(Batch batch, model.batch());
  HEARTH_ASSIGN_OR_RETURN(const size_t bytes, bytes_of_page(*text_model, batch, checked.session));
  return Scheduler(std::make_unique<SchedulerImpl>(std::move(text_model), std::move(batch), checked, bytes));
}

Scheduler::Scheduler(std::unique_ptr<SchedulerImpl> impl) : impl_(std::move(impl)) {}
Scheduler::Scheduler(Scheduler&&) noexcept = default;
Scheduler& Scheduler::operator=(Scheduler&&) noexcept = default;
Scheduler::~Scheduler() = default;

bool Scheduler::has_tokenizer() const { return impl_->model().reader().tokenizer() != nullptr; }
bool Scheduler::has_chat_template() const { return impl_->model().reader().has_chat_template(); }
int64_t Scheduler::context_length() const { return impl_->model().facts().context_length; }

Result<std::vector<int64_t>> Scheduler::tokenize(std::string_view text) const {
  return impl_->model().reader().tokens(text);
}
Result<std::vector<int64_t>> Scheduler::tokenize(std::span<const ChatMessage> messages) const {
  return impl_->model().reader().tokens(messages);
}

Result<Ticket> Scheduler::submit(std::span<const int64_t> prompt, const GenerateOptions& options,
                                 const GenerateListener& listener) {
  return impl_->submit(prompt, options, listener);
}

SchedulerLoad Scheduler::load() const { return impl_->load(); }

}  // namespace hearth
