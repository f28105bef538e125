// Models on the emulated driver's GPU: every call of the driver fails once, several streams run at once, weights that
// the host computes with are read from the file. The tests run it on exported files, plain and under the thread
// sanitizer.
//
// usage: gpu_stress failures ROUNDS FILE...   loads, runs and drops the files at least ROUNDS times, and once for each
// call of the driver, which then fails; exit status 1 when that is not told, or something stays on the GPU
//        gpu_stress threads ROUNDS FILE...    four sessions with a stream each, on four threads; exit status 1 when an
// answer is wrong
//        gpu_stress weights ROUNDS FILE...    exit status 1 when a run copies as much to the host as the weights are

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/errors.h"
#include "emulated_cuda/driver/emulated_cuda.h"
#include "golden_cases.h"
#include "hal/testing/emulated_driver.h"
#include "hearth/model.h"
#include "model/model_impl.h"
#include "modes.h"

namespace hearth {
namespace {

constexpr int kSessions = 4;
/// CUDA_ERROR_OUT_OF_MEMORY, CUDA_ERROR_LAUNCH_FAILED and CUDA_ERROR_UNKNOWN.
constexpr std::array kResults{2, 719, 999};

/// Calls whose failure is nobody's business: what they give back is given back all the same, and contexts are made
/// current another way.
constexpr std::array<std::string_view, 11> kHarmless{"cuCtxGetCurrent",
                                                     "cuCtxPushCurrent_v2",
                                                     "cuCtxPopCurrent_v2",
                                                     "cuMemFree_v2",
                                                     "cuMemFreeAsync",
                                                     "cuMemPoolDestroy",
                                                     "cuMemPoolTrimTo",
                                                     "cuStreamDestroy_v2",
                                                     "cuEventDestroy_v2",
                                                     "cuModuleUnload",
                                                     "cuDevicePrimaryCtxRelease_v2"};

Result<Model> open_on_gpu(const std::string& file) {
  ModelOptions options;
  options.device = "cuda";
  return Model::open(file, options);
}

Status load_run_drop(const std::string& file) {
  HEARTH_ASSIGN_OR_RETURN(const Model model, open_on_gpu(file));
  HEARTH_ASSIGN_OR_RETURN(const std::vector<GoldenCase> cases, read_goldens(model));
  HEARTH_ASSIGN_OR_RETURN(Session session, model.session());
  return check_answers(session, cases);
}

Status check_nothing_is_left(std::string_view when) {
  const EmulatedCudaCounts left = emulated_cuda_counts();
  if (left.contexts + left.streams + left.events + left.modules + left.pools + left.allocations +
          left.host_allocations ==
      0) {
    return {};
  }
  return error(StatusCode::kFailed,
               "{} there are {} contexts, {} streams, {} events, {} modules, {} pools, {} allocations of {} bytes, and "
               "{} of the host's",
               when, left.contexts, left.streams, left.events, left.modules, left.pools, left.allocations, left.bytes,
               left.host_allocations);
}

/// Calls that a round makes which goes well.
Result<int64_t> count_calls(const std::string& file) {
  const int64_t before = emulated_cuda_calls(nullptr);
  HEARTH_RETURN_IF_ERROR(load_run_drop(file));
  HEARTH_RETURN_IF_ERROR(check_nothing_is_left("after a good run"));
  return emulated_cuda_calls(nullptr) - before;
}

/// As count_calls(), on a GPU whose driver has no pools of memory.
Status run_without_pools(const std::string& file) {
  const EmulatedCudaSettings usual = emulated_cuda_settings();
  EmulatedCudaSettings settings = usual;
  settings.memory_pools = 0;
  if (emulated_cuda_configure(&settings) == 0) return error(StatusCode::kInternal, "a context is alive");
  const Status status = count_calls(file).status();
  emulated_cuda_configure(&usual);
  return status.with_context("without pools");
}

Status fail_each_call(int rounds, const std::vector<std::string>& files) {
  setenv("HEARTH_LOG", "quiet", 1);
  for (const std::string& file : files) {
    HEARTH_RETURN_IF_ERROR(load_run_drop(file));  // Starts the driver.
    HEARTH_ASSIGN_OR_RETURN(const int64_t calls, count_calls(file));
    int told = 0;
    const int64_t all_rounds = std::max<int64_t>(rounds, calls);
    for (int64_t round = 0; round < all_rounds; ++round) {
      emulated_cuda_fail_call(1 + round % calls, kResults[static_cast<size_t>(round) % kResults.size()]);
      const Status status = load_run_drop(file);
      emulated_cuda_fail_call(0, 0);
      const std::string name = emulated_cuda_failed_call();
      HEARTH_RETURN_IF_ERROR(check_nothing_is_left(fmt::format("after {} failed, call {},", name, 1 + round % calls)));
      if (status.ok() && std::ranges::find(kHarmless, name) == kHarmless.end()) {
        return error(StatusCode::kFailed, "{} failed, call {}, and nobody said so", name, 1 + round % calls);
      }
      told += status.ok() ? 0 : 1;
    }
    HEARTH_RETURN_IF_ERROR(count_calls(file).status());
    HEARTH_RETURN_IF_ERROR(run_without_pools(file));
    fmt::print("{}: {} rounds, of {} calls each; {} failures told, nothing left\n", file, all_rounds, calls, told);
  }
  return {};
}

Status repeat(int rounds, const Model& model, const std::vector<GoldenCase>& cases) {
  HEARTH_ASSIGN_OR_RETURN(Session session, model.session());
  for (int round = 0; round < rounds; ++round) HEARTH_RETURN_IF_ERROR(check_answers(session, cases));
  return {};
}

Status run_threads(int rounds, const std::vector<std::string>& files) {
  {
    std::vector<Model> models;
    std::vector<std::vector<GoldenCase>> cases;
    for (const std::string& file : files) {
      HEARTH_ASSIGN_OR_RETURN(Model model, open_on_gpu(file));
      HEARTH_ASSIGN_OR_RETURN(cases.emplace_back(), read_goldens(model));
      models.push_back(std::move(model));
    }
    std::vector<Status> statuses(kSessions);
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kSessions; ++i) {
      const size_t m = i % models.size();
      threads.emplace_back([&, i, m] { statuses[i] = repeat(rounds, models[m], cases[m]); });
    }
    for (std::thread& thread : threads) thread.join();
    for (const Status& status : statuses) HEARTH_RETURN_IF_ERROR(status);
  }
  fmt::print("{} sessions, {} rounds each: all answers right\n", kSessions, rounds);
  return check_nothing_is_left("after all of them");
}

int64_t weight_bytes(const Model& model) {
  int64_t bytes = 0;
  const Archive& archive = model.impl()->archive();
  for (const auto& [unused, weight] : archive.manifest().tensors) {
    const auto stored = archive.tensor_bytes(weight);
    if (stored.ok()) bytes += static_cast<int64_t>(stored->size());
  }
  return bytes;
}

/// What the host computes with weights reads them in the file.
Status leave_weights(int rounds, const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    HEARTH_ASSIGN_OR_RETURN(const Model model, open_on_gpu(file));
    HEARTH_ASSIGN_OR_RETURN(const std::vector<GoldenCase> cases, read_goldens(model));
    const int64_t before = emulated_cuda_counts().bytes_to_host;
    HEARTH_RETURN_IF_ERROR(repeat(rounds, model, cases));
    const int64_t copied = (emulated_cuda_counts().bytes_to_host - before) / rounds;
    const int64_t weights = weight_bytes(model);
    if (copied >= weights) {
      return error(StatusCode::kFailed, "{}: a run copies {} bytes to the host, the weights have {}", file, copied,
                   weights);
    }
    fmt::print("{}: a run copies {} bytes to the host, the weights have {}\n", file, copied, weights);
  }
  return {};
}

}  // namespace
}  // namespace hearth

int main(int argc, char** argv) {
  if (!hearth::use_emulated_driver()) {
    fmt::print(stderr, "gpu_stress uses the emulated driver: unset HEARTH_CUDA_DRIVER\n");
    return 2;
  }
  return hearth::run_mode(
      {{"failures", hearth::fail_each_call}, {"threads", hearth::run_threads}, {"weights", hearth::leave_weights}},
      argc, argv);
}
