#include "emulated_cuda/ptx/block.h"

#include <bit>

namespace hearth::ptx {
namespace {

// A warp that has run so many instructions lets others go on: it may spin until one of them does something.
constexpr uint64_t kTurn = 2000;

size_t shared_bytes(const Launch& launch) {
  const size_t own = launch.function->static_shared_bytes();
  return launch.dynamic_shared_bytes == 0 ? own : align_up(own, kSharedAlignment) + launch.dynamic_shared_bytes;
}

}  // namespace

Block::Block(const Launch& launch, Memory& memory)
    : shared_(shared_bytes(launch), launch.function->shared_granule_,
              (launch.block[0] * launch.block[1] * launch.block[2] + kLanes - 1) / kLanes),
      random_(launch.seed) {
  state_.launch = &launch;
  state_.memory = &memory;
  state_.shared = &shared_;
  state_.threads = launch.block[0] * launch.block[1] * launch.block[2];
  for (uint32_t first = 0; first < state_.threads; first += kLanes) {
    warps_.push_back(std::make_unique<Warp>(state_, first / kLanes));
  }
}

Status Block::run(const std::array<uint32_t, 3>& block) {
  state_.block = block;
  const uint64_t limit = state_.instructions + state_.launch->instruction_limit;
  shared_.start_block();
  barriers_ = {};
  for (const auto& warp : warps_) warp->start_block();
  std::vector<Warp*> ready;
  while (true) {
    ready.clear();
    bool all_exited = true;
    for (const auto& warp : warps_) {
      if (warp->state() == Warp::State::kReady) ready.push_back(warp.get());
      all_exited = all_exited && warp->state() == Warp::State::kExited;
    }
    if (all_exited) return {};
    if (ready.empty()) return report_deadlock();
    if (state_.instructions > limit) {
      return failure(
          fmt::format("its warps have run {} instructions and come to no end", state_.launch->instruction_limit));
    }
    HEARTH_RETURN_IF_ERROR(run_warp(*ready[random_() % ready.size()]));
  }
}

Status Block::failure(const std::string& what) const {
  return error(StatusCode::kFailed, "kernel '{}', block ({}, {}, {}): {}", state_.launch->function->name(),
               state_.block[0], state_.block[1], state_.block[2], what);
}

Status Block::run_warp(Warp& warp) {
  warp.run(kTurn);
  switch (warp.state()) {
    case Warp::State::kFaulted:
      return {StatusCode::kFailed, warp.fault_message()};
    case Warp::State::kAtBarrier:
      return arrive(warp);
    case Warp::State::kReady:
      warp.rotate();
      break;
    case Warp::State::kExited:
      break;
  }
  return {};
}

Status Block::arrive(Warp& warp) {
  const Warp::BarrierWait& wait = warp.wait();
  Barrier& barrier = barriers_[wait.barrier];
  const uint32_t wanted = wait.threads != 0 ? wait.threads : static_cast<uint32_t>(warps_.size()) * kLanes;
  if (barrier.threads != 0 && barrier.threads != wanted) {
    return failure(fmt::format("PTX line {}: barrier {} is to be reached by {} threads, but others wait there for {}",
                               wait.line, wait.barrier, wanted, barrier.threads));
  }
  barrier.threads = wanted;
  barrier.arrived_threads += kLanes;  // Barriers count whole warps.
  warp.release_to(barrier.clock);
  if (wait.arrives_only) {
    warp.leave_barrier();
  } else {
    barrier.warps |= LaneMask{1} << warp.index();
  }
  if (barrier.arrived_threads > barrier.threads) {
    return failure(fmt::format("PTX line {}: barrier {} is reached by {} threads, more than the {} that it waits for",
                               wait.line, wait.barrier, barrier.arrived_threads, barrier.threads));
  }
  if (barrier.arrived_threads == barrier.threads) open(barrier);
  return {};
}

void Block::open(Barrier& barrier) {
  uint32_t count = 0;
  bool all = true;
  for_each_lane(barrier.warps, [&](int index) {
    const Warp::BarrierWait& wait = warps_[static_cast<size_t>(index)]->wait();
    count += static_cast<uint32_t>(std::popcount(wait.votes & wait.lanes));
    all = all && (wait.votes & wait.lanes) == wait.lanes;
  });
  for_each_lane(barrier.warps, [&](int index) {
    Warp& warp = *warps_[static_cast<size_t>(index)];
    shared_.acquire(warp.index(), barrier.clock);
    give_reduction(warp, count, all, count > 0);
    warp.leave_barrier();
  });
  barrier = {};
}

void Block::give_reduction(Warp& warp, uint32_t count, bool all, bool any) {
  const Warp::BarrierWait& wait = warp.wait();
  switch (wait.reduction) {
    case Warp::BarrierWait::Reduction::kNone:
      break;
    case Warp::BarrierWait::Reduction::kCount:
      for_each_lane(wait.lanes, [&](int lane) { warp.row(wait.destination)[lane] = count; });
      break;
    case Warp::BarrierWait::Reduction::kAnd:
      warp.set_predicate(wait.destination, wait.lanes, all ? kAllLanes : 0);
      break;
    case Warp::BarrierWait::Reduction::kOr:
      warp.set_predicate(wait.destination, wait.lanes, any ? kAllLanes : 0);
      break;
  }
}

Status Block::report_deadlock() const {
  for (const auto& warp : warps_) {
    if (warp->state() != Warp::State::kAtBarrier) continue;
    const Warp::BarrierWait& wait = warp->wait();
    const Barrier& barrier = barriers_[wait.barrier];
    std::string missing;
    for (const auto& other : warps_) {
      if (other.get() == warp.get() || (barrier.warps >> other->index() & 1) != 0) continue;
      missing += other->state() == Warp::State::kExited
                     ? fmt::format("; warp {} has exited", other->index())
                     : fmt::format("; warp {} waits at line {}", other->index(), other->wait().line);
    }
    return failure(fmt::format("PTX line {}: barrier {} is reached by {} threads of {} and never opens{}", wait.line,
                               wait.barrier, barrier.arrived_threads, barrier.threads, missing));
  }
  return failure("no warp can go on");
}

}  // namespace hearth::ptx
