#include "pipelines/generate/continuation.h"

#include "base/errors.h"
#include "text/log_probabilities.h"

namespace hearth {
namespace {

double seconds(std::chrono::steady_clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

Result<Continuation> Continuation::begin(TextModel& model, std::span<const int64_t> prompt,
                                         const GenerateOptions& options, const GenerateListener& listener) {
  HEARTH_RETURN_IF_ERROR(model.check(prompt, options));
  HEARTH_ASSIGN_OR_RETURN(std::optional<Constraint> constraint, model.constraint(options));
  HEARTH_ASSIGN_OR_RETURN(Sampler sampler, Sampler::create(options.sampling, model.facts().vocabulary_size));
  sampler.begin(prompt);
  return Continuation(model, prompt, options, listener, std::move(constraint), std::move(sampler));
}

Continuation::Continuation(TextModel& model, std::span<const int64_t> prompt, const GenerateOptions& options,
                           const GenerateListener& listener, std::optional<Constraint> constraint, Sampler sampler)
    : model_(&model),
      prompt_tokens_(static_cast<int64_t>(prompt.size())),
      options_(options),
      listener_(listener),
      constraint_(std::move(constraint)),
      sampler_(std::move(sampler)) {
  if (const Tokenizer* tokenizer = model.reader().tokenizer()) stream_.emplace(*tokenizer, options_.stop_strings);
  if (options_.max_tokens <= 0) is_over_ = true;
}

Status Continuation::choose(std::span<float> scores) {
  chosen_.reset();
  double total = 0;
  if (options_.likeliest_tokens) {
    // Before the form changes scores; it leaves that of the token that will be chosen.
    total = log_sum_exp(scores);
    probability_.likeliest = likeliest_tokens(scores, static_cast<size_t>(*options_.likeliest_tokens));
  }
  if (constraint_) {
    HEARTH_ASSIGN_OR_RETURN(const bool goes_on, constraint_->apply(tokens_left(), scores));
    if (!goes_on) return {};
  }
  HEARTH_ASSIGN_OR_RETURN(chosen_, sampler_.next(scores));
  probability_.log_probability = scores[static_cast<size_t>(*chosen_)] - total;
  return {};
}

Status Continuation::accept() {
  if (first_token_ == Clock::time_point()) first_token_ = Clock::now();
  if (!chosen_) {
    end(FinishReason::kEnd);
    return {};
  }
  const int64_t token = *chosen_;
  generation_.tokens.push_back(token);
  if (options_.likeliest_tokens) generation_.log_probabilities.push_back(probability_);
  const bool ends = model_->is_end(token) && options_.stops_at_end;
  HEARTH_RETURN_IF_ERROR(tell(token, ends));
  if (constraint_ && !ends) {
    HEARTH_RETURN_IF_ERROR(constraint_->accept(model_->reader().tokenizer()->token_bytes(token)));
  }
  if (const auto reason = finish_reason()) end(*reason);
  return {};
}

/// Tells of a token, which an end has no text for.
Status Continuation::tell(int64_t token, bool is_end) {
  if (listener_.on_token && !listener_.on_token(token)) goes_on_ = false;
  if (!stream_ || is_end) return {};
  HEARTH_ASSIGN_OR_RETURN(const std::string text, stream_->push(token));
  tell(text);
  return {};
}

void Continuation::tell(const std::string& text) {
  generation_.text += text;
  if (!text.empty() && listener_.on_text && !listener_.on_text(text)) goes_on_ = false;
}

std::optional<FinishReason> Continuation::finish_reason() const {
  if (!goes_on_) return FinishReason::kCaller;
  if (stream_ && stream_->is_stopped()) return FinishReason::kStop;
  if (options_.stops_at_end && model_->is_end(last_token())) return FinishReason::kEnd;
  if (tokens_left() <= 0) return FinishReason::kLength;
  // The model has read all but the last.
  const int64_t read = prompt_tokens_ + static_cast<int64_t>(generation_.tokens.size()) - 1;
  if (read >= model_->facts().context_length) return FinishReason::kContext;
  return std::nullopt;
}

void Continuation::end(FinishReason reason) {
  generation_.finish = reason;
  is_over_ = true;
}

void Continuation::cancel() { end(FinishReason::kCaller); }

Result<Generation> Continuation::finish() {
  if (stream_) {
    HEARTH_ASSIGN_OR_RETURN(const std::string text, stream_->finish());
    tell(text);
  }
  if (first_token_ != Clock::time_point()) {
    generation_.prompt_seconds = seconds(first_token_ - start_);
    generation_.generate_seconds = seconds(Clock::now() - first_token_);
  }
  return std::move(generation_);
}

}  // namespace hearth
