#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hal/device.h"
#include "hal/memory_pool.h"
#include "kernels/context.h"
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
inline Tensor benchmark_tensor(const std::vector<int64_t>& shape, const std::vector<int64_t>& strides) {
  int64_t elements = 1;
  for (const int64_t size : shape) elements *= size;
  const StorageRef storage = BenchmarkWeights::make(static_cast<size_t>(elements) * sizeof(float));
  auto* values = reinterpret_cast<float*>(storage->data());
  for (int64_t i = 0; i < elements; ++i) values[i] = 0.01F * static_cast<float>(i % 199 - 99);
  return *Tensor::view(storage, DType::kFloat32, shape, strides, 0);
}

inline Tensor benchmark_tensor(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size() - 1; i-- > 0;) strides[i] = strides[i + 1] * shape[i + 1];
  return benchmark_tensor(shape, strides);
}

/// Floating-point operations of a team per second at best: what tiles reach that are deep enough for nothing but the
/// multipliers to count.
inline double peak_flops(ThreadTeam& team) {
  constexpr int64_t kDepth = 1024;
  constexpr int kRepeats = 200;
  constexpr int kTrials = 20;
  const MicroKernels& kernels = micro_kernels();
  const auto width = kernels.panel_width();
  const double flops = 2.0 * kRepeats * kDepth * static_cast<double>(kernels.tile_rows * width) * team.size();
  double best = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    const auto start = std::chrono::steady_clock::now();
    team.run([&](int) {
      std::vector<float> a(static_cast<size_t>(kernels.tile_rows * kDepth), 1.0F);
      std::vector<float> b(static_cast<size_t>(width * kDepth), 1.0F);
      std::vector<float> c(static_cast<size_t>(kernels.tile_rows * width));
      const DepthRun run{a.data(), b.data(), kDepth};
      TileArguments tile;
      tile.runs = &run;
      tile.run_count = 1;
      tile.a_stride = kDepth;
      tile.b_stride = width;
      tile.c = c.data();
      tile.c_stride = width;
      tile.columns = static_cast<int>(width);
      for (int i = 0; i < kRepeats; ++i) kernels.compute_tile(kernels.tile_rows, kernels.tile_vectors, tile);
    });
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    best = std::max(best, flops / elapsed.count());
  }
  return best;
}

/// Runs `body` until the time is up and reports its rate, as GFLOP/s and as a fraction of the peak. The best of many
/// short runs is what counts on a machine that others use too.
inline void measure(benchmark::State& state, ThreadTeam& team, double flops, FunctionRef<bool()> body) {
  const double peak = peak_flops(team);
  double best = INFINITY;
  for ([[maybe_unused]] auto iteration : state) {
    const auto start = std::chrono::steady_clock::now();
    if (!body()) {
      state.SkipWithError("the kernel failed");
      return;
    }
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    best = std::min(best, elapsed.count());
  }
  state.counters["best_GFLOPs"] = flops / best * 1e-9;
  state.counters["of_peak"] = flops / best / peak;
}

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
