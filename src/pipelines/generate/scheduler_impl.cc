#include "pipelines/generate/scheduler_impl.h"

#include <algorithm>
#include <limits>

#include "base/checked.h"
#include "base/errors.h"
#include "kernels/key_value_cache.h"
#include "model/batch_impl.h"
#include "model/model_impl.h"
#include "pipelines/generate/step_plan.h"
#include "pipelines/generate/token_lists.h"

namespace hearth {

SchedulerImpl::SchedulerImpl(std::shared_ptr<TextModel> model, Batch batch, const SchedulerOptions& options,
                             size_t bytes_of_page)
    : model_(std::move(model)),
      batch_(std::move(batch)),
      options_(options),
      bytes_of_page_(bytes_of_page),
      thread_([this] { work(); }) {}

SchedulerImpl::~SchedulerImpl() {
  {
    const std::lock_guard lock(mutex_);
    is_closing_ = true;
  }
  arrived_.notify_one();
  thread_.join();
}

size_t SchedulerImpl::bytes_for(size_t prompt_tokens, int64_t most_tokens) const {
  const auto prompt = static_cast<int64_t>(prompt_tokens);
  // The last token is not read any more.
  const int64_t tokens = prompt + std::min(most_tokens - 1, model_->facts().context_length - prompt);
  const int64_t pages = (tokens - 1) / KeyValueCache::kTokensOfPage + 1;
  return (CheckedSize(pages) * CheckedSize(bytes_of_page_)).as<size_t>().value_or(std::numeric_limits<size_t>::max());
}

Result<Ticket> SchedulerImpl::submit(std::span<const int64_t> prompt, const GenerateOptions& options,
                                     const GenerateListener& listener) {
  HEARTH_ASSIGN_OR_RETURN(Continuation continuation, Continuation::begin(*model_, prompt, options, listener));
  if (continuation.is_over()) {
    const auto request = std::make_shared<GenerationRequest>(prompt, std::move(continuation), 0);
    request->deliver(request->continuation.finish());
    return Ticket(request);
  }
  const size_t bytes = bytes_for(prompt.size(), options.max_tokens);
  if (options_.memory_bytes != 0 && bytes > options_.memory_bytes) {
    return error(
        StatusCode::kOutOfMemory,
        "keys and values of a prompt of {} tokens and {} more can need {} bytes, and the scheduler may take {}: "
        "ask for fewer tokens, or give it more memory",
        prompt.size(), options.max_tokens, bytes, options_.memory_bytes);
  }
  auto request = std::make_shared<GenerationRequest>(prompt, std::move(continuation), bytes);
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(request);
    load_.waiting += 1;
  }
  arrived_.notify_one();
  return Ticket(std::move(request));
}

SchedulerLoad SchedulerImpl::load() const {
  const std::lock_guard lock(mutex_);
  SchedulerLoad load = load_;
  load.used_bytes = batch_.impl().pages().statistics().used_bytes;
  return load;
}

void SchedulerImpl::work() {
  while (wait_for_work()) {
    drop_cancelled();
    admit();
    step();
  }
  for (const Request& request : running_) request->cancel();
  for (const Request& request : waiting_) request->cancel();
  drop_cancelled();
}

/// False when it is time to end.
bool SchedulerImpl::wait_for_work() {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [this] { return is_closing_ || !waiting_.empty() || !running_.empty(); });
  return !is_closing_;
}

void SchedulerImpl::drop_cancelled() {
  for (const Request& request : running_) {
    if (!request->is_cancelled()) continue;
    request->continuation.cancel();
    finish(*request, {});
  }
  retire();
  std::vector<Request> dropped;
  {
    const std::lock_guard lock(mutex_);
    std::copy_if(waiting_.begin(), waiting_.end(), std::back_inserter(dropped),
                 [](const Request& request) { return request->is_cancelled(); });
    std::erase_if(waiting_,
                  [&](const Request& request) { return std::ranges::find(dropped, request) != dropped.end(); });
    load_.waiting = static_cast<int64_t>(waiting_.size());
  }
  for (const Request& request : dropped) {
    request->continuation.cancel();
    request->deliver(request->continuation.finish());
  }
}

/// Begins with requests as long as there is room for the first that waits.
void SchedulerImpl::admit() {
  const std::lock_guard lock(mutex_);
  while (!waiting_.empty() && load_.running < options_.most_sequences) {
    const Request request = waiting_.front();
    if (options_.memory_bytes != 0 && request->bytes > options_.memory_bytes - load_.reserved_bytes) return;
    waiting_.pop_front();
    load_.waiting -= 1;
    Result<Session> session = model_->model().session(options_.session);
    if (!session.ok()) {
      request->deliver(session.status());
      continue;
    }
    request->session = *std::move(session);
    load_.running += 1;
    load_.reserved_bytes += request->bytes;
    running_.push_back(request);
  }
}

void SchedulerImpl::step() {
  std::vector<int64_t> unread;
  for (const Request& request : running_) unread.push_back(request->unread());
  const std::vector<int64_t> tokens = plan_step(unread, options_.tokens_of_step);
  std::vector<Share> shares;
  for (size_t i = 0; i < running_.size(); ++i) {
    if (tokens[i] > 0) shares.push_back({.request = running_[i].get(), .tokens = tokens[i]});
  }
  if (shares.empty()) return;
  if (!run(shares).ok()) {
    // It left all of them as they were. Whose fault it was shows when each goes on alone.
    for (Share& share : shares) {
      const Status status = run(std::span(&share, 1));
      if (!status.ok()) finish(*share.request, status);
    }
  }
  retire();
}

/// Goes on with the shares' sequences. When it fails, none has.
Status SchedulerImpl::run(std::span<Share> shares) {
  TokenLists lists;
  std::vector<Batch::Part> parts;
  int64_t read = 0;
  for (const auto& [request, tokens, unused] : shares) {
    const int64_t length = request->session->length();
    lists.add(std::span(request->tokens).subspan(static_cast<size_t>(length), static_cast<size_t>(tokens)), length);
    parts.push_back({&*request->session, tokens});
    read += tokens;
  }
  HEARTH_ASSIGN_OR_RETURN(const auto inputs, lists.tensors());
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs,
                          batch_.run(model_->plan().pipeline->method, parts, inputs));
  // From here on the sequences have gone on: errors are those of single requests.
  choose(shares, outputs[0]);
  {
    const std::lock_guard lock(mutex_);
    load_.steps += 1;
    load_.tokens += read;
  }
  for (Share& share : shares) {
    if (share.request->unread() != 0) continue;
    const Status status = accept(share);
    if (!status.ok() || share.request->continuation.is_over()) finish(*share.request, status);
  }
  return {};
}

/// Chooses the next token of each share that has read all of its tokens, by its row of the logits.
void SchedulerImpl::choose(std::span<Share> shares, const Tensor& logits) {
  // To choose by fewer takes less time than to share the work.
  constexpr int64_t kScoresOfMember = 32 * 1024;
  const int64_t grain = kScoresOfMember / logits.size(1) + 1;
  const auto vocabulary = static_cast<size_t>(logits.size(1));
  model_->model().impl()->team().parallel_for(std::ssize(shares), grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      Share& share = shares[static_cast<size_t>(i)];
      if (share.request->unread() != 0) continue;
      if (!logits.is_contiguous()) {
        share.status = invalid_file("the method's logits {} are not row-major", describe(logits));
        continue;
      }
      share.status = share.request->continuation.choose({logits.data_as<float>() + i * logits.stride(0), vocabulary});
    }
  });
}

Status SchedulerImpl::accept(Share& share) {
  HEARTH_RETURN_IF_ERROR(share.status);
  Continuation& continuation = share.request->continuation;
  HEARTH_RETURN_IF_ERROR(continuation.accept());
  if (!continuation.is_over()) share.request->tokens.push_back(continuation.last_token());
  return {};
}

/// Gives a running request's memory back, and then its result: `status` unless that is good.
void SchedulerImpl::finish(GenerationRequest& request, const Status& status) {
  request.session.reset();
  Result<Generation> result = status.ok() ? request.continuation.finish() : Result<Generation>(status);
  {
    const std::lock_guard lock(mutex_);
    load_.running -= 1;
    load_.reserved_bytes -= request.bytes;
  }
  request.deliver(std::move(result));
}

/// Forgets the running requests that are finished.
void SchedulerImpl::retire() {
  std::erase_if(running_, [](const Request& request) { return !request->session; });
}

}  // namespace hearth
