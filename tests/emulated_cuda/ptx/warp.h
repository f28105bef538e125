#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/errors.h"
#include "emulated_cuda/ptx/machine.h"
#include "emulated_cuda/ptx/shared_memory.h"

namespace hearth::ptx {

/// What the warps of a block have in common.
struct BlockState {
  const Launch* launch = nullptr;
  Memory* memory = nullptr;
  SharedMemory* shared = nullptr;
  std::array<uint32_t, 3> block{};  ///< Which block of the grid it is.
  uint32_t threads = 0;             ///< Of one block.
  uint64_t instructions = 0;        ///< That its warps have run; clocks count in them.
};

/// A warp of 32 lanes in lock-step. Lanes that diverged are run as groups, the one with the lowest program counter
/// first, so that they meet again behind the branch. An instruction that needs other lanes (shuffles, votes, barriers)
/// makes its group wait until those have come.
class Warp {
 public:
  enum class State : uint8_t { kReady, kAtBarrier, kExited, kFaulted };

  /// How a warp waits at a barrier.
  struct BarrierWait {
    enum class Reduction : uint8_t { kNone, kCount, kAnd, kOr };
    uint32_t barrier = 0;
    uint32_t threads = 0;  ///< That must arrive; 0 for all of the block.
    bool arrives_only = false;
    uint32_t line = 0;
    Reduction reduction = Reduction::kNone;
    LaneMask lanes = 0;        ///< Those that take part.
    LaneMask votes = 0;        ///< Their predicates, for a reduction.
    uint32_t destination = 0;  ///< The row, or predicate, that gets the reduction's result.
  };

  Warp(BlockState& block, uint32_t index);

  /// Sets the registers for the first instruction of a block's run.
  void start_block();
  /// Runs until the warp waits at a barrier, exits or fails, or `steps` instructions are over.
  void run(uint64_t steps);
  /// Lets a group of diverged lanes run that is not the one with the lowest program counter, for the time of one call
  /// of `run`: the others may wait for what it will do.
  void rotate();

  State state() const { return state_; }
  const BarrierWait& wait() const { return wait_; }
  /// Goes on behind the barrier.
  void leave_barrier() { state_ = State::kReady; }
  const std::string& fault_message() const { return fault_; }
  uint32_t index() const { return index_; }
  /// The lanes that the block's size gives it.
  LaneMask all_lanes() const { return all_lanes_; }
  LaneMask live_lanes() const { return live_lanes_; }

  // For instructions: registers.
  uint64_t* row(uint32_t index) { return registers_ + static_cast<size_t>(index) * kLanes; }
  LaneMask predicate(uint32_t operand) const {
    return predicates_[operand & ~kNegated] ^ ((operand & kNegated) != 0 ? kAllLanes : 0);
  }
  void set_predicate(uint32_t index, LaneMask lanes, LaneMask values) {
    predicates_[index] = (predicates_[index] & ~lanes) | (values & lanes);
  }
  LaneMask carry() const { return carry_; }
  void set_carry(LaneMask lanes, LaneMask values) { carry_ = (carry_ & ~lanes) | (values & lanes); }
  uint64_t clock() const { return block_.instructions; }

  // For instructions: control.
  void branch(uint32_t target, LaneMask lanes);
  void branch_each(const uint32_t* targets, LaneMask lanes);
  void exit_lanes(LaneMask lanes);
  void return_lanes(LaneMask lanes);
  void call(const Instruction& instruction, LaneMask lanes);
  const Function& function() const { return *frame().function; }
  const std::vector<uint32_t>& branch_table(uint32_t number) const { return function().branch_tables_[number]; }
  /// True when the lanes that are there are all lanes of `wanted` that live. Otherwise they wait for the others, and
  /// the instruction, which must do nothing now, will be run again.
  bool gather(LaneMask lanes, LaneMask wanted);
  void wait_at_barrier(const BarrierWait& wait) {
    wait_ = wait;
    state_ = State::kAtBarrier;
  }
  void release_to(SharedMemory::Clock& clock) { block_.shared->release(index_, clock); }

  // For instructions: memory. All give false, or null, when the access is a fault, which they have reported.
  bool load(const Instruction& instruction, Space space, int lane, uint64_t address, std::span<std::byte> to);
  bool store(const Instruction& instruction, Space space, int lane, uint64_t address, std::span<const std::byte> from);
  /// The bytes that an atomic instruction reads and writes.
  std::byte* atomic(const Instruction& instruction, Space space, int lane, uint64_t address, size_t bytes);
  /// Begins an asynchronous copy of `bytes` to shared memory, which gets `from` and then zeros when it is finished.
  bool copy_later(const Instruction& instruction, int lane, uint64_t address, size_t bytes,
                  std::span<const std::byte> from);
  void commit_copies(LaneMask lanes);
  /// Finishes the copies of all but the last `pending` groups of each lane.
  void finish_copies(LaneMask lanes, uint32_t pending);
  /// Also those that belong to no group yet.
  void finish_all_copies(LaneMask lanes);
  /// The text of a string in device memory, as far as it can be read.
  std::string read_string(uint64_t address);
  /// The parameter area of a lane of the running function.
  std::byte* parameter_area(int lane);

  /// Reports the first thing that goes wrong; the warp stops.
  void fault(uint32_t line, int lane, std::string_view what);

 private:
  struct Group {
    uint32_t counter = 0;
    LaneMask lanes = 0;
    bool waits = false;  // At an instruction that needs lanes of other groups.
  };
  struct Frame {
    const Function* function = nullptr;
    const CallSite* call = nullptr;
    uint32_t counter = 0;
    LaneMask active = 0;
    uint32_t meeting = UINT32_MAX;  // The lowest counter among the groups that could go on.
    std::vector<Group> groups;
    std::vector<uint64_t> registers;
    std::vector<LaneMask> predicates;
    std::vector<std::byte> parameters;  // [lane][frame_parameter_bytes]
    uint64_t local_base = 0;
  };
  struct PendingCopy {
    uint32_t lane = 0;
    uint32_t line = 0;
    uint64_t group = 0;
    uint64_t address = 0;
    uint32_t bytes = 0;
    std::array<std::byte, 16> data{};
  };
  // An address with its space known.
  struct Place {
    Space space = Space::kGlobal;
    uint64_t address = 0;
  };

  Frame& frame() { return frames_[depth_]; }
  const Frame& frame() const { return frames_[depth_]; }
  void enter(const Function& function, LaneMask lanes);
  void fill_constants(Frame& frame);
  uint64_t special_value(SpecialRegister special, int lane) const;
  std::array<uint32_t, 3> thread_of(int lane) const;
  void park();
  void schedule();
  static void drop(Frame& frame, LaneMask lanes);
  void leave_frame();
  void fault_call(const Instruction& instruction, const CallSite& call, int lane);
  void report_stuck();

  // The bytes of an access outside of shared memory, and their allocation when it is global memory. Null after a fault.
  std::byte* locate(const Instruction& instruction, int lane, const Place& place, size_t bytes, bool writes,
                    Allocation** allocation);
  std::byte* locate_parameter(const Instruction& instruction, int lane, uint64_t offset, size_t bytes, bool writes);
  static Place place_of(Space space, uint64_t address);
  bool check_written(const Instruction& instruction, int lane, const Place& place, size_t bytes,
                     const Allocation* allocation);
  void note_written(int lane, const Place& place, size_t bytes, Allocation* allocation);
  bool check_alignment(const Instruction& instruction, int lane, const Place& place, size_t bytes);
  bool check_shared_bounds(const Instruction& instruction, int lane, uint64_t address, size_t bytes);
  void grow_local(size_t stride);
  SharedAccess shared_access(const Instruction& instruction, int lane) const;
  bool accept(const Instruction& instruction, int lane, const std::optional<std::string>& problem);
  template <typename Choose>
  void finish_chosen(LaneMask lanes, Choose choose);

  BlockState& block_;
  uint32_t index_;
  LaneMask all_lanes_ = 0;
  LaneMask live_lanes_ = 0;
  State state_ = State::kReady;
  BarrierWait wait_;
  std::string fault_;
  LaneMask carry_ = 0;
  uint64_t step_ = 0;
  std::vector<Frame> frames_;
  size_t depth_ = 0;
  uint64_t* registers_ = nullptr;
  LaneMask* predicates_ = nullptr;
  size_t local_stride_ = 0;
  std::vector<std::byte> local_;     // [lane][local_stride_]
  std::vector<bool> local_written_;  // The same
  std::vector<PendingCopy> copies_;
  std::array<uint64_t, kLanes> copy_groups_{};  // Committed so far, by lane.
};

}  // namespace hearth::ptx
