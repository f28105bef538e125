#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <vector>

#include "hearth/model.h"
#include "pipelines/generate/continuation.h"

namespace hearth {

/// A request to a scheduler: what its ticket and the scheduler share.
class GenerationRequest {
 public:
  GenerationRequest(std::span<const int64_t> prompt, Continuation continuation, size_t bytes)
      : tokens(prompt.begin(), prompt.end()), continuation(std::move(continuation)), bytes(bytes) {}

  // Thread-safe:

  void cancel() { is_cancelled_ = true; }
  bool is_cancelled() const { return is_cancelled_; }
  /// Gives the result, once.
  void deliver(Result<Generation> result);
  bool is_done() const;
  /// Waits for the result and takes it. kInvalidArgument when it was taken.
  Result<Generation> wait();

  // Of the scheduler's thread:

  int64_t unread() const { return static_cast<int64_t>(tokens.size()) - (session ? session->length() : 0); }

  std::vector<int64_t> tokens;  ///< The prompt, and what was generated.
  Continuation continuation;
  std::optional<Session> session;  ///< While it runs. It has read the first of the tokens.
  size_t bytes;                    ///< That keys and values of its tokens may need.

 private:
  std::atomic<bool> is_cancelled_ = false;
  mutable std::mutex mutex_;
  std::condition_variable delivered_;
  std::optional<Result<Generation>> result_;
  bool is_done_ = false;
};

}  // namespace hearth
