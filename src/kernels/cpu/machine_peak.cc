#include "kernels/cpu/machine_peak.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <vector>

#include "kernels/cpu/micro_kernels.h"

namespace hearth {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kRounds = 5;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// The shortest of some rounds in which every thread of the team calls body once.
template <typename Body>
double fastest_round(ThreadTeam& team, Body body) {
  double fastest = 0;
  for (int round = 0; round < kRounds; ++round) {
    const Clock::time_point start = Clock::now();
    team.parallel_for(team.size(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) body();
    });
    const double seconds = seconds_since(start);
    fastest = round == 0 ? seconds : std::min(fastest, seconds);
  }
  return fastest;
}

/// One full tile again and again.
void repeat_tile(const TileKernels& kernels, int64_t depth, int64_t repetitions) {
  const int64_t width = kernels.panel_width();
  const std::vector<float> a(static_cast<size_t>(kernels.tile_rows * depth));
  const std::vector<float> b(static_cast<size_t>(depth * width));
  std::vector<float> c(static_cast<size_t>(kernels.tile_rows * width));
  const DepthRun run{a.data(), b.data(), depth};
  TileArguments arguments;
  arguments.runs = &run;
  arguments.run_count = 1;
  arguments.a_stride = depth;
  arguments.b_stride = width;
  arguments.c = c.data();
  arguments.c_stride = width;
  arguments.columns = static_cast<int>(width);
  arguments.last = false;
  if (kernels.configure != nullptr) kernels.configure(kernels.tile_rows);
  for (int64_t i = 0; i < repetitions; ++i) {
    kernels.compute_tile(kernels.tile_rows, kernels.tile_vectors, arguments);
  }
  if (kernels.release != nullptr) kernels.release();
}

}  // namespace

double peak_operations(ThreadTeam& team, DType dtype) {
  const MicroKernels& all = micro_kernels();
  const TileKernels* kernels = dtype == DType::kBFloat16 ? all.bfloat16 : dtype == DType::kInt8 ? all.int8 : &all;
  if (kernels == nullptr) return 0;
  constexpr int64_t kDepth = 128;
  constexpr int64_t kRepetitions = 2000;
  const int64_t numbers = dtype == DType::kBFloat16 ? 2 : dtype == DType::kInt8 ? 4 : 1;
  const double operations = 2.0 * static_cast<double>(numbers * kDepth * kernels->tile_rows * kernels->panel_width()) *
                            kRepetitions * team.size();
  return operations / fastest_round(team, [&] { repeat_tile(*kernels, kDepth, kRepetitions); });
}

double peak_bandwidth(ThreadTeam& team) {
  // Larger than the caches of a thread's share.
  constexpr size_t kElements = size_t{1} << 25;
  const std::vector<uint64_t> memory(kElements, 1);
  std::atomic<uint64_t> sum = 0;
  std::atomic<size_t> next = 0;
  const size_t share = kElements / static_cast<size_t>(team.size());
  const double seconds = fastest_round(team, [&] {
    const size_t begin = next.fetch_add(share) % (share * static_cast<size_t>(team.size()));
    const auto* first = memory.data() + begin;
    sum += std::accumulate(first, first + share, uint64_t{0});
  });
  return sum == 0 ? 0 : static_cast<double>(share * static_cast<size_t>(team.size()) * sizeof(uint64_t)) / seconds;
}

}  // namespace hearth
