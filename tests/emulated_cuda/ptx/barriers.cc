#include <array>

#include "emulated_cuda/ptx/operations.h"

namespace hearth::ptx {
namespace {

using Wait = Warp::BarrierWait;

constexpr uint32_t kBarrierCount = 16;

enum BarrierOptions : uint32_t { kArrive = 1, kCounts = 2, kReductionShift = 4 };

// operands: [0] the barrier, [1] how many threads, where kCounts is set, [2] result, [3] predicate.
// A barrier is for whole warps: the lanes that diverged are waited for, those that exited are missed.
void execute_barrier(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  if (!warp.gather(lanes, warp.all_lanes())) return;
  const int first = std::countr_zero(lanes);
  if (const LaneMask missing = warp.all_lanes() & ~lanes; missing != 0) {
    warp.fault(instruction.line, first,
               fmt::format("a barrier that lanes 0x{:08x} of the warp never reach: they have exited", missing));
    return;
  }
  Wait wait;
  wait.barrier = narrow<uint32_t>(warp.row(instruction.operands[0])[first]);
  wait.threads = (instruction.options & kCounts) != 0 ? narrow<uint32_t>(warp.row(instruction.operands[1])[first]) : 0;
  wait.arrives_only = (instruction.options & kArrive) != 0;
  wait.line = instruction.line;
  wait.reduction = static_cast<Wait::Reduction>(instruction.options >> kReductionShift);
  wait.lanes = lanes;
  wait.votes = warp.predicate(instruction.operands[3]);
  wait.destination = instruction.operands[2];
  if (wait.barrier >= kBarrierCount || wait.threads % kLanes != 0 ||
      ((instruction.options & kCounts) != 0 && wait.threads == 0)) {
    warp.fault(instruction.line, first,
               fmt::format("barrier {} for {} threads; there are {}, for whole warps", wait.barrier, wait.threads,
                           kBarrierCount));
    return;
  }
  warp.wait_at_barrier(wait);
}

void execute_warp_barrier(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  const uint64_t* masks = warp.row(instruction.operands[0]);
  LaneMask wanted = 0;
  for_each_lane(lanes, [&](int lane) { wanted |= static_cast<LaneMask>(masks[lane]); });
  warp.gather(lanes, wanted);
}

void decode_reduction(Decoder& decoder, Instruction& instruction) {
  Wait::Reduction reduction = Wait::Reduction::kNone;
  if (decoder.take("popc")) reduction = Wait::Reduction::kCount;
  if (decoder.take("and")) reduction = Wait::Reduction::kAnd;
  if (decoder.take("or")) reduction = Wait::Reduction::kOr;
  if (reduction == Wait::Reduction::kNone) decoder.fail("one of .popc, .and and .or is missing");
  if (reduction == Wait::Reduction::kCount) {
    decoder.require_type({Type::kU32});
    instruction.operands[2] = decoder.destination(Type::kU32);
  } else {
    decoder.require_type({Type::kPred});
    instruction.operands[2] = decoder.predicate_destination();
  }
  instruction.options |= static_cast<uint32_t>(reduction) << kReductionShift;
}

// bar and barrier.
void decode_barrier(Decoder& decoder, Instruction& instruction) {
  if (decoder.take("warp")) {
    if (!decoder.take("sync")) decoder.fail(".sync is missing");
    instruction.operands[0] = decoder.source(Type::kB32);
    instruction.execute = &execute_warp_barrier;
    return;
  }
  decoder.ignore({"cta", "aligned"});
  const bool reduces = decoder.take("red");
  if (reduces) {
    decode_reduction(decoder, instruction);
  } else if (decoder.take("arrive")) {
    instruction.options |= kArrive;
  } else if (!decoder.take("sync")) {
    decoder.fail("one of .sync, .arrive and .red is missing");
  }
  instruction.operands[0] = decoder.source(Type::kU32);
  if (decoder.has_operand() && decoder.peek().kind != Operand::Kind::kPredicate) {
    instruction.options |= kCounts;
    instruction.operands[1] = decoder.source(Type::kU32);
  } else if ((instruction.options & kArrive) != 0) {
    decoder.fail("the number of threads is missing");
  }
  if (reduces) instruction.operands[3] = decoder.predicate_source();
  instruction.execute = &execute_barrier;
}

constexpr auto kOpcodes = std::to_array<Opcode>({
    {"bar", Accepts::kAnything, &decode_barrier},
    {"barrier", Accepts::kAnything, &decode_barrier},
});

}  // namespace

std::span<const Opcode> barrier_opcodes() { return kOpcodes; }

}  // namespace hearth::ptx
