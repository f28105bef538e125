#include <algorithm>

#include "emulated_cuda/driver/state.h"

using hearth::emulated_cuda::Context;
using hearth::emulated_cuda::State;

extern "C" {

EmulatedCudaSettings emulated_cuda_settings() {
  State& state = State::get();
  const std::lock_guard lock(state.mutex);
  return state.settings;
}

int emulated_cuda_configure(const EmulatedCudaSettings* settings) {
  State& state = State::get();
  const std::lock_guard lock(state.mutex);
  if (std::ranges::any_of(state.gpus, [](const auto& gpu) { return gpu->context != nullptr; })) return 0;
  state.settings = *settings;
  state.make_gpus();
  return 1;
}

EmulatedCudaCounts emulated_cuda_counts() {
  State& state = State::get();
  const std::lock_guard lock(state.mutex);
  EmulatedCudaCounts counts{};
  counts.host_allocations = static_cast<int64_t>(state.host_allocations.size());
  counts.launches = state.launches;
  counts.bytes_to_host = state.bytes_to_host;
  for (const auto& gpu : state.gpus) {
    counts.bytes += static_cast<int64_t>(gpu->memory.allocated_bytes());
    if (!gpu->context) continue;
    const Context& context = *gpu->context;
    const auto alive = [](const auto& object) { return !object->destroyed; };
    counts.contexts += 1;
    counts.streams += std::ranges::count_if(context.streams, alive);
    counts.pools += std::ranges::count_if(context.pools, alive);
    counts.events += static_cast<int64_t>(context.events.size());
    counts.modules += static_cast<int64_t>(context.modules.size());
    counts.allocations += static_cast<int64_t>(context.allocations.size());
  }
  return counts;
}

int64_t emulated_cuda_calls(const char* function) {
  State& state = State::get();
  const std::lock_guard lock(state.mutex);
  if (!function) return state.all_calls;
  const auto found = state.calls.find(std::string_view(function));
  return found == state.calls.end() ? 0 : found->second;
}

void emulated_cuda_fail_call(int64_t nth, int result) {
  State& state = State::get();
  const std::lock_guard lock(state.mutex);
  state.fail_countdown = nth;
  state.fail_result = static_cast<hearth::cuda::CUresult>(result);
}

const char* emulated_cuda_failed_call() {
  State& state = State::get();
  const std::lock_guard lock(state.mutex);
  return state.failed_call;
}

}  // extern "C"
