#pragma once

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "hal/device.h"
#include "hal/memory_pool.h"
#include "kernels/context.h"
#include "kernels/cpu/machine_peak.h"
#include "kernels/cpu/micro_kernels.h"

namespace hearth {

/// What a benchmark's kernels run in.
class BenchmarkContext {
 public:
  explicit BenchmarkContext(int threads) : team_(threads), pool_(MemoryPool::create(*open_device("cpu"))) {}
  KernelContext get() { return {&team_, pool_.get(), &packed_}; }
  ThreadTeam& team() { return team_; }

 private:
  ThreadTeam team_;
  std::shared_ptr<MemoryPool> pool_;
  PackedWeights packed_;
};

/// Memory that is packed once, as weights are.
class BenchmarkWeights final : public Storage {
 public:
  static StorageRef make(size_t size) { return StorageRef(new BenchmarkWeights(new std::byte[size], size)); }

 private:
  BenchmarkWeights(std::byte* data, size_t size) : Storage(data, size, /*constant=*/true) {}
  void dispose() override {
    delete[] data();
    delete this;
  }
};

/// A dense tensor of small values in constant memory, with the given strides.
inline Tensor benchmark_tensor(DType dtype, const std::vector<int64_t>& shape, const std::vector<int64_t>& strides) {
  int64_t elements = 1;
  for (const int64_t size : shape) elements *= size;
  const auto bytes = static_cast<size_t>(elements * dtype_bits(dtype) / 8);
  const StorageRef storage = BenchmarkWeights::make(bytes);
  for (int64_t i = 0; i < elements; ++i) {
    const float value = 0.01F * static_cast<float>(i % 199 - 99);
    if (dtype == DType::kFloat32) {
      reinterpret_cast<float*>(storage->data())[i] = value;
    } else if (dtype == DType::kBFloat16) {
      reinterpret_cast<BFloat16*>(storage->data())[i] = BFloat16(value);
    } else {
      storage->data()[i] = static_cast<std::byte>(i % 127);
    }
  }
  return *Tensor::view(storage, dtype, shape, strides, 0);
}

inline Tensor benchmark_tensor(DType dtype, const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size() - 1; i-- > 0;) strides[i] = strides[i + 1] * shape[i + 1];
  return benchmark_tensor(dtype, shape, strides);
}

/// Seconds of one call.
inline double seconds_of(FunctionRef<bool()> body, benchmark::State& state) {
  const auto start = std::chrono::steady_clock::now();
  if (!body()) state.SkipWithError("a kernel failed");
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Adds the seconds of some calls in a row to `times`. They begin when the threads of the other engine, which wait
/// busily for a while, have gone to sleep, and when the kernel has had time to spread this one's over the processors.
inline void time_calls(FunctionRef<bool()> body, benchmark::State& state, std::vector<double>& times) {
  constexpr int kCallsInARow = 10;
  constexpr double kSecondsOfWarmUp = 0.03;
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  for (double seconds = 0; seconds < kSecondsOfWarmUp;) seconds += seconds_of(body, state);
  for (int i = 0; i < kCallsInARow; ++i) times.push_back(seconds_of(body, state));
}

/// Runs ours and theirs by turns until the time is up, and reports the median microseconds of both, and our rate at
/// best as a fraction of what the machine's multipliers reach.
inline void compare(benchmark::State& state, ThreadTeam& team, DType dtype, double operations, FunctionRef<bool()> ours,
                    FunctionRef<bool()> theirs) {
  std::vector<double> our_times;
  std::vector<double> their_times;
  // The threads that made the other engine's operands wait busily too.
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  for ([[maybe_unused]] auto iteration : state) {
    time_calls(ours, state, our_times);
    time_calls(theirs, state, their_times);
  }
  std::ranges::sort(our_times);
  std::ranges::sort(their_times);
  state.counters["hearth_us"] = our_times[our_times.size() / 2] * 1e6;
  state.counters["onednn_us"] = their_times[their_times.size() / 2] * 1e6;
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const double peak = peak_operations(team, dtype);
  state.counters["of_peak"] = peak > 0 ? operations / our_times.front() / peak : 0;
}

/// The dtypes that have products of their own, with oneDNN's names.
struct BenchmarkDType {
  DType dtype;
  const char* name;
};
inline constexpr std::array kBenchmarkDTypes{BenchmarkDType{DType::kFloat32, "f32"},
                                             BenchmarkDType{DType::kBFloat16, "bf16"},
                                             BenchmarkDType{DType::kInt8, "i8"}};

/// Registers `body(state, threads)` under `name` for one thread and for all.
inline void register_for_teams(const std::string& name, const std::function<void(benchmark::State&, int)>& body) {
  std::vector<int> teams{1};
  if (available_threads() > 1) teams.push_back(available_threads());
  for (const int threads : teams) {
    benchmark::RegisterBenchmark((name + "/threads:" + std::to_string(threads)).c_str(),
                                 [body, threads](benchmark::State& state) { body(state, threads); })
        ->Unit(benchmark::kMicrosecond)
        ->UseRealTime();
  }
}

}  // namespace hearth
