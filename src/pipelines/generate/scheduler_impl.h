#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "hearth/scheduler.h"
#include "pipelines/generate/generation_request.h"
#include "pipelines/generate/text_model.h"

namespace hearth {

/// See Scheduler.
class SchedulerImpl {
 public:
  /// `bytes_of_page`: what keys and values of KeyValueCache::kTokensOfPage tokens take.
  SchedulerImpl(std::shared_ptr<TextModel> model, Batch batch, const SchedulerOptions& options, size_t bytes_of_page);
  ~SchedulerImpl();
  SchedulerImpl(const SchedulerImpl&) = delete;
  SchedulerImpl& operator=(const SchedulerImpl&) = delete;

  const TextModel& model() const { return *model_; }
  Result<Ticket> submit(std::span<const int64_t> prompt, const GenerateOptions& options,
                        const GenerateListener& listener);
  SchedulerLoad load() const;

 private:
  using Request = std::shared_ptr<GenerationRequest>;

  /// A request's part in a step.
  struct Share {
    GenerationRequest* request;
    int64_t tokens;
    Status status{};  ///< Of what was chosen by the step's answer.
  };

  size_t bytes_for(size_t prompt_tokens, int64_t most_tokens) const;

  // The scheduler's thread:

  void work();
  bool wait_for_work();
  void admit();
  void drop_cancelled();
  void step();
  Status run(std::span<Share> shares);
  void choose(std::span<Share> shares, const Tensor& logits);
  Status accept(Share& share);
  void finish(GenerationRequest& request, const Status& status);
  void retire();

  std::shared_ptr<TextModel> model_;
  Batch batch_;
  SchedulerOptions options_;
  size_t bytes_of_page_;

  mutable std::mutex mutex_;  ///< Of what follows.
  std::condition_variable arrived_;
  std::deque<Request> waiting_;  ///< In the order in which they came.
  SchedulerLoad load_;
  bool is_closing_ = false;

  std::vector<Request> running_;  ///< Of the thread; in the order in which they began.
  std::thread thread_;
};

}  // namespace hearth
