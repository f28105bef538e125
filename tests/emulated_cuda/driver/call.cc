#include "emulated_cuda/driver/call.h"

#include <string_view>

namespace hearth::emulated_cuda {
namespace {

/// What works before cuInit.
bool needs_start(std::string_view function) {
  return function != "cuInit" && function != "cuDriverGetVersion" && !function.starts_with("cuGetError");
}

}  // namespace

Call::Call(const char* function, bool gives_back) : state_(State::get()), lock_(state_.mutex) {
  state_.all_calls += 1;
  const auto counted = state_.calls.find(std::string_view(function));
  if (counted == state_.calls.end()) {
    state_.calls.emplace(function, 1);
  } else {
    counted->second += 1;
  }
  if (std::string_view(function).starts_with("cuGetError")) return;
  if (state_.fail_countdown > 0 && --state_.fail_countdown == 0) {
    told_ = state_.fail_result;
    state_.failed_call = function;
  }
  if (state_.always_failing == function) told_ = state_.always_result;
  if (!gives_back) refused_ = told_;
  if (!state_.initialized && needs_start(function)) refused_ = CUDA_ERROR_NOT_INITIALIZED;
}

Context* Call::current_or_lost(CUresult& result) {
  const std::vector<CUcontext>& stack = current_contexts();
  if (stack.empty() || stack.back() == nullptr) {
    result = CUDA_ERROR_INVALID_CONTEXT;
    return nullptr;
  }
  Context* context = state_.context(stack.back());
  if (!context) result = CUDA_ERROR_CONTEXT_IS_DESTROYED;
  return context;
}

Context* Call::current(CUresult& result) {
  Context* context = current_or_lost(result);
  if (context && context->lost != CUDA_SUCCESS) {
    result = context->lost;
    return nullptr;
  }
  return context;
}

}  // namespace hearth::emulated_cuda
