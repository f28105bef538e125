#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "emulated_cuda/ptx/warp.h"

namespace hearth::ptx {

/// Runs the blocks of a launch, one after the other: their warps take turns in an order drawn from the launch's seed,
/// each until it waits at a barrier or exits.
class Block {
 public:
  Block(const Launch& launch, Memory& memory);

  Status run(const std::array<uint32_t, 3>& block);

 private:
  static constexpr uint32_t kBarriers = 16;

  struct Barrier {
    uint32_t arrived_threads = 0;
    uint32_t threads = 0;  // That it waits for; 0 while nobody has arrived.
    SharedMemory::Clock clock{};
    LaneMask warps = 0;  // That wait.
  };

  Status run_warp(Warp& warp);
  Status arrive(Warp& warp);
  void open(Barrier& barrier);
  void give_reduction(Warp& warp, uint32_t count, bool all, bool any);
  Status report_deadlock() const;
  Status failure(const std::string& what) const;

  BlockState state_;
  SharedMemory shared_;
  std::vector<std::unique_ptr<Warp>> warps_;
  std::array<Barrier, kBarriers> barriers_{};
  std::mt19937_64 random_;
};

}  // namespace hearth::ptx
