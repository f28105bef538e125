#include "emulated_cuda/ptx/warp.h"

#include <algorithm>
#include <numeric>

namespace hearth::ptx {
namespace {

constexpr size_t kDeepestCall = 64;

}  // namespace

Warp::Warp(BlockState& block, uint32_t index) : block_(block), index_(index) {
  const uint32_t threads = std::min<uint32_t>(kLanes, block.threads - index * kLanes);
  all_lanes_ = threads == kLanes ? kAllLanes : (LaneMask{1} << threads) - 1;
  frames_.reserve(kDeepestCall);
}

void Warp::start_block() {
  state_ = State::kReady;
  live_lanes_ = all_lanes_;
  carry_ = 0;
  depth_ = 0;
  copies_.clear();
  copy_groups_.fill(0);
  std::fill(local_written_.begin(), local_written_.end(), false);
  enter(*block_.launch->function, all_lanes_);
}

void Warp::enter(const Function& function, LaneMask lanes) {
  if (depth_ >= frames_.size()) frames_.resize(depth_ + 1);
  Frame& next = frames_[depth_];
  if (next.function != &function) {
    next.function = &function;
    next.registers.assign(static_cast<size_t>(function.rows_) * kLanes, 0);
    next.predicates.assign(function.predicates_, 0);
    next.parameters.assign(function.frame_parameter_bytes_ * kLanes, std::byte{0});
  }
  next.call = nullptr;
  next.counter = 0;
  next.active = lanes;
  next.meeting = UINT32_MAX;
  next.groups.clear();
  next.local_base =
      depth_ == 0 ? 0 : align_up(frames_[depth_ - 1].local_base + frames_[depth_ - 1].function->local_bytes_, 16);
  grow_local(next.local_base + function.local_bytes_);
  registers_ = next.registers.data();
  predicates_ = next.predicates.data();
  fill_constants(next);
}

void Warp::fill_constants(Frame& frame) {
  const Function& kernel = *block_.launch->function;
  for (const Constant& constant : frame.function->constants_) {
    uint64_t* values = row(constant.row);
    uint64_t value = constant.value;
    switch (constant.kind) {
      case Constant::Kind::kValue:
      case Constant::Kind::kModuleShared:
        break;
      case Constant::Kind::kGlobal:
        value = block_.launch->globals[constant.value];
        break;
      case Constant::Kind::kEntryShared:
        value += kernel.entry_shared_offset_;
        break;
      case Constant::Kind::kLocal:
        value += frame.local_base;
        break;
      case Constant::Kind::kDynamicShared:
        value = align_up(kernel.static_shared_bytes_, kSharedAlignment);
        break;
      case Constant::Kind::kSpecial:
        for (int lane = 0; lane < kLanes; ++lane) {
          values[lane] = special_value(static_cast<SpecialRegister>(constant.value), lane);
        }
        continue;
    }
    std::fill_n(values, kLanes, value);
  }
}

std::array<uint32_t, 3> Warp::thread_of(int lane) const {
  const uint32_t(&size)[3] = block_.launch->block;
  const uint32_t thread = index_ * kLanes + static_cast<uint32_t>(lane);
  return {thread % size[0], thread / size[0] % size[1], thread / size[0] / size[1]};
}

uint64_t Warp::special_value(SpecialRegister special, int lane) const {
  const Launch& launch = *block_.launch;
  const auto number = static_cast<size_t>(special);
  const LaneMask bit = LaneMask{1} << lane;
  switch (special) {
    case SpecialRegister::kThreadX:
    case SpecialRegister::kThreadY:
    case SpecialRegister::kThreadZ:
      return thread_of(lane)[number - static_cast<size_t>(SpecialRegister::kThreadX)];
    case SpecialRegister::kBlockSizeX:
    case SpecialRegister::kBlockSizeY:
    case SpecialRegister::kBlockSizeZ:
      return launch.block[number - static_cast<size_t>(SpecialRegister::kBlockSizeX)];
    case SpecialRegister::kBlockX:
    case SpecialRegister::kBlockY:
    case SpecialRegister::kBlockZ:
      return block_.block[number - static_cast<size_t>(SpecialRegister::kBlockX)];
    case SpecialRegister::kGridSizeX:
    case SpecialRegister::kGridSizeY:
    case SpecialRegister::kGridSizeZ:
      return launch.grid[number - static_cast<size_t>(SpecialRegister::kGridSizeX)];
    case SpecialRegister::kLane:
      return static_cast<uint64_t>(lane);
    case SpecialRegister::kWarp:
      return index_;
    case SpecialRegister::kWarpCount:
      return (block_.threads + kLanes - 1) / kLanes;
    case SpecialRegister::kMultiprocessor:
    case SpecialRegister::kGrid:
      return 0;
    case SpecialRegister::kMultiprocessorCount:
      return 1;
    case SpecialRegister::kLanesEqual:
      return bit;
    case SpecialRegister::kLanesLess:
      return bit - 1;
    case SpecialRegister::kLanesLessOrEqual:
      return bit | (bit - 1);
    case SpecialRegister::kLanesGreater:
      return ~(bit | (bit - 1));
    case SpecialRegister::kLanesGreaterOrEqual:
      return ~(bit - 1);
    case SpecialRegister::kDynamicSharedBytes:
      return launch.dynamic_shared_bytes;
    case SpecialRegister::kTotalSharedBytes:
      return block_.shared->bytes();
  }
  return 0;
}

void Warp::run(uint64_t steps) {
  for (uint64_t i = 0; i < steps && state_ == State::kReady; ++i) {
    Frame* current = &frames_[depth_];
    if (current->counter >= current->meeting) {
      park();
      schedule();
      if (state_ != State::kReady) break;
      current = &frames_[depth_];
    }
    const Instruction& instruction = current->function->code_[current->counter++];
    const LaneMask lanes = current->active & predicate(instruction.guard);
    ++step_;
    ++block_.instructions;
    if (lanes != 0) instruction.execute(instruction, *this, lanes);
  }
}

// Puts the running group among the others, together with one that is at the same place.
void Warp::park() {
  Frame& current = frame();
  if (current.active == 0) return;
  for (Group& group : current.groups) {
    if (group.counter != current.counter) continue;
    group.lanes |= current.active;
    group.waits = false;
    current.active = 0;
    return;
  }
  current.groups.push_back({current.counter, current.active, false});
  current.active = 0;
}

// Takes the group with the lowest counter out of those that can go on.
void Warp::schedule() {
  Frame& current = frame();
  std::erase_if(current.groups, [](const Group& group) { return group.lanes == 0; });
  if (current.groups.empty()) {
    leave_frame();
    return;
  }
  const auto before = [](const Group& a, const Group& b) {
    return a.waits != b.waits ? b.waits : a.counter < b.counter;
  };
  const auto lowest = std::min_element(current.groups.begin(), current.groups.end(), before);
  if (lowest->waits) {
    report_stuck();
    return;
  }
  current.counter = lowest->counter;
  current.active = lowest->lanes;
  current.groups.erase(lowest);
  current.meeting = UINT32_MAX;
  for (const Group& group : current.groups) {
    if (!group.waits) current.meeting = std::min(current.meeting, group.counter);
  }
}

void Warp::rotate() {
  Frame& current = frame();
  if (state_ != State::kReady || current.groups.empty()) return;
  park();
  // The one that could go on and has waited longest.
  const auto next = std::find_if(current.groups.begin(), current.groups.end(),
                                 [](const Group& group) { return !group.waits && group.lanes != 0; });
  if (next == current.groups.end()) {
    schedule();
    return;
  }
  current.counter = next->counter;
  current.active = next->lanes;
  current.groups.erase(next);
  current.meeting = UINT32_MAX;
}

void Warp::report_stuck() {
  const Frame& current = frame();
  const Group& first = *std::min_element(current.groups.begin(), current.groups.end(),
                                         [](const Group& a, const Group& b) { return a.counter < b.counter; });
  const uint32_t line = current.function->code_[first.counter].line;
  std::string others;
  for (const Group& group : current.groups) {
    if (&group == &first) continue;
    others += fmt::format(", lanes 0x{:08x} wait at line {}", group.lanes, current.function->code_[group.counter].line);
  }
  const LaneMask here = std::accumulate(current.groups.begin(), current.groups.end(), LaneMask{0},
                                        [](LaneMask lanes, const Group& group) { return lanes | group.lanes; });
  if (const LaneMask away = live_lanes_ & ~here; away != 0) {
    others += fmt::format(", lanes 0x{:08x} have not called this function", away);
  }
  fault(line, std::countr_zero(first.lanes),
        fmt::format("lanes 0x{:08x} of the warp wait here for lanes that never come{}", first.lanes, others));
}

void Warp::branch(uint32_t target, LaneMask lanes) {
  Frame& current = frame();
  if (lanes == current.active) {
    current.counter = target;
    return;
  }
  current.active &= ~lanes;
  park();
  current.active = lanes;
  current.counter = target;
  park();
  schedule();
}

void Warp::branch_each(const uint32_t* targets, LaneMask lanes) {
  Frame& current = frame();
  current.active &= ~lanes;
  park();
  for_each_lane(lanes, [&](int lane) {
    current.active = LaneMask{1} << lane;
    current.counter = targets[lane];
    park();
  });
  schedule();
}

// Takes lanes out of a frame's groups. Those that wait may now have all that they wait for.
void Warp::drop(Frame& frame, LaneMask lanes) {
  frame.active &= ~lanes;
  for (Group& group : frame.groups) {
    group.lanes &= ~lanes;
    group.waits = false;
  }
}

void Warp::exit_lanes(LaneMask lanes) {
  live_lanes_ &= ~lanes;
  for (size_t depth = 0; depth <= depth_; ++depth) drop(frames_[depth], lanes);
  park();
  schedule();
}

void Warp::return_lanes(LaneMask lanes) {
  if (depth_ == 0) {
    exit_lanes(lanes);
    return;
  }
  Frame& current = frame();
  const Frame& caller = frames_[depth_ - 1];
  const size_t stride = current.function->frame_parameter_bytes_;
  const size_t caller_stride = caller.function->frame_parameter_bytes_;
  for_each_lane(lanes, [&](int lane) {
    for (const ParameterCopy& copy : current.call->results) {
      std::memcpy(frames_[depth_ - 1].parameters.data() + lane * caller_stride + copy.caller_offset,
                  current.parameters.data() + lane * stride + copy.callee_offset, copy.bytes);
    }
  });
  current.active &= ~lanes;
  park();
  schedule();
}

void Warp::leave_frame() {
  if (depth_ == 0) {
    state_ = State::kExited;
    return;
  }
  --depth_;
  registers_ = frame().registers.data();
  predicates_ = frame().predicates.data();
  if (frame().active == 0) schedule();
}

void Warp::call(const Instruction& instruction, LaneMask lanes) {
  const CallSite& call = function().calls_[instruction.target];
  const int first = std::countr_zero(lanes);
  if (!call.callee->has_body_) {
    fault_call(instruction, call, first);
    return;
  }
  if (depth_ + 1 >= kDeepestCall) {
    fault(instruction.line, first, "calls are nested too deeply");
    return;
  }
  Frame& current = frame();
  if (current.active != lanes) {
    // The others go on behind the call, when those that call are back.
    current.groups.push_back({current.counter, current.active & ~lanes, false});
    current.meeting = std::min(current.meeting, current.counter);
    current.active = lanes;
  }
  ++depth_;
  enter(*call.callee, lanes);
  frame().call = &call;
  const size_t stride = frame().function->frame_parameter_bytes_;
  const size_t caller_stride = frames_[depth_ - 1].function->frame_parameter_bytes_;
  for_each_lane(lanes, [&](int lane) {
    for (const ParameterCopy& copy : call.arguments) {
      std::memcpy(frame().parameters.data() + lane * stride + copy.callee_offset,
                  frames_[depth_ - 1].parameters.data() + lane * caller_stride + copy.caller_offset, copy.bytes);
    }
  });
}

// Triton's and nvcc's assertions call __assertfail(message, file, line, function, size of a character).
void Warp::fault_call(const Instruction& instruction, const CallSite& call, int lane) {
  if (call.callee->name() != "__assertfail" || call.arguments.size() != 5) {
    fault(instruction.line, lane,
          fmt::format("a call of '{}', which has no body and is not known to the interpreter", call.callee->name()));
    return;
  }
  const std::byte* area =
      frame().parameters.data() + static_cast<size_t>(lane) * frame().function->frame_parameter_bytes_;
  std::array<uint64_t, 3> values{};
  for (size_t i = 0; i < values.size(); ++i) {
    std::memcpy(&values[i], area + call.arguments[i].caller_offset, std::min(call.arguments[i].bytes, 8U));
  }
  fault(instruction.line, lane,
        fmt::format("assertion failed: {} ({}:{})", read_string(values[0]), read_string(values[1]), values[2]));
}

bool Warp::gather(LaneMask lanes, LaneMask wanted) {
  if ((wanted & live_lanes_ & ~lanes) == 0) return true;
  Frame& current = frame();
  const uint32_t here = current.counter - 1;
  current.active &= ~lanes;
  park();  // Those that the guard excludes go on.
  const auto same = std::find_if(current.groups.begin(), current.groups.end(),
                                 [&](const Group& group) { return group.counter == here; });
  if (same == current.groups.end()) {
    current.groups.push_back({here, lanes, true});
  } else {
    same->lanes |= lanes;
    same->waits = false;
  }
  schedule();
  return false;
}

void Warp::fault(uint32_t line, int lane, std::string_view what) {
  if (state_ == State::kFaulted) return;
  state_ = State::kFaulted;
  const std::array<uint32_t, 3> thread = thread_of(lane);
  fault_ = fmt::format("kernel '{}', PTX line {}, block ({}, {}, {}), thread ({}, {}, {}): {}",
                       block_.launch->function->name(), line, block_.block[0], block_.block[1], block_.block[2],
                       thread[0], thread[1], thread[2], what);
}

}  // namespace hearth::ptx
