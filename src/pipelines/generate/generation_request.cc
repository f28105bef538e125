#include "pipelines/generate/generation_request.h"

#include <utility>

#include "base/errors.h"
#include "hearth/scheduler.h"

namespace hearth {

void GenerationRequest::deliver(Result<Generation> result) {
  {
    const std::lock_guard lock(mutex_);
    result_ = std::move(result);
    is_done_ = true;
  }
  delivered_.notify_all();
}

bool GenerationRequest::is_done() const {
  const std::lock_guard lock(mutex_);
  return is_done_;
}

Result<Generation> GenerationRequest::wait() {
  std::unique_lock lock(mutex_);
  delivered_.wait(lock, [this] { return is_done_; });
  if (!result_) return invalid_argument("the request's result was already taken");
  return *std::exchange(result_, std::nullopt);
}

Ticket::Ticket(std::shared_ptr<GenerationRequest> request) : request_(std::move(request)) {}
Ticket::Ticket(Ticket&&) noexcept = default;
Ticket& Ticket::operator=(Ticket&& other) noexcept {
  if (request_ && request_ != other.request_) request_->cancel();
  request_ = std::move(other.request_);
  return *this;
}
Ticket::~Ticket() {
  if (request_) request_->cancel();
}

Result<Generation> Ticket::wait() { return request_->wait(); }
bool Ticket::is_done() const { return request_->is_done(); }
void Ticket::cancel() { request_->cancel(); }

}  // namespace hearth
