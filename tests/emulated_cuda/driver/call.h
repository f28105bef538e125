#pragma once

#include "emulated_cuda/driver/entry_points.h"
#include "emulated_cuda/driver/state.h"

namespace hearth::emulated_cuda {

/// One call of an entry point, from start to end: holds the lock, counts, and says whether it has to fail.
class Call {
 public:
  /// `gives_back`: the call does its work even where it has to fail, see emulated_cuda_fail_call().
  explicit Call(const char* function, bool gives_back = false);

  /// What to return at once; CUDA_SUCCESS: go on.
  CUresult refused() const { return refused_; }
  /// What to return at the end of a call that gives something back.
  CUresult finish(CUresult result) const { return result == CUDA_SUCCESS ? told_ : result; }

  State& state() { return state_; }
  /// The context that is current on this thread. Null, with `result` set, when there is none or it is lost.
  Context* current(CUresult& result);
  /// The same; a lost one too, since things can be given back to it.
  Context* current_or_lost(CUresult& result);

 private:
  State& state_;
  std::lock_guard<std::mutex> lock_;
  CUresult told_ = CUDA_SUCCESS;
  CUresult refused_ = CUDA_SUCCESS;
};

constexpr bool kGivesBack = true;

}  // namespace hearth::emulated_cuda

/// The start of an entry point.
#define EMULATED_CALL(...)     \
  Call call(__VA_ARGS__);      \
  State& state = call.state(); \
  (void)state;                 \
  if (const CUresult refused = call.refused(); refused != CUDA_SUCCESS) return refused

/// The same for those that need a current context, as `current`.
#define EMULATED_CONTEXT_CALL(name)                  \
  EMULATED_CALL(name);                               \
  CUresult no_context = CUDA_SUCCESS;                \
  Context* const current = call.current(no_context); \
  if (!current) return no_context
