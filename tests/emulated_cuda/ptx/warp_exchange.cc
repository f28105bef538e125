#include <algorithm>
#include <array>
#include <bit>

#include "emulated_cuda/ptx/operations.h"

namespace hearth::ptx {
namespace {

// Each lane names the lanes that take part with it, in the row `members`. False when these are not all there yet, or
// when a lane leaves itself out, which is a fault.
bool meet(const Instruction& instruction, Warp& warp, LaneMask lanes, uint32_t members) {
  const uint64_t* masks = warp.row(members);
  LaneMask wanted = 0;
  int outsider = -1;
  for_each_lane(lanes, [&](int lane) {
    const auto mask = static_cast<LaneMask>(masks[lane]);
    wanted |= mask;
    if ((mask >> lane & 1) == 0) outsider = lane;
  });
  if (outsider >= 0) {
    warp.fault(instruction.line, outsider,
               fmt::format("the lane is not among those that it says take part, 0x{:08x}",
                           static_cast<LaneMask>(masks[outsider])));
    return false;
  }
  return warp.gather(lanes, wanted);
}

// Calls visit(group) for each set of lanes that named the same members.
template <typename Visit>
void for_each_group(Warp& warp, LaneMask lanes, uint32_t members, Visit visit) {
  const uint64_t* masks = warp.row(members);
  while (lanes != 0) {
    const auto mask = static_cast<LaneMask>(masks[std::countr_zero(lanes)]);
    LaneMask group = 0;
    for_each_lane(lanes, [&](int lane) {
      if (static_cast<LaneMask>(masks[lane]) == mask) group |= LaneMask{1} << lane;
    });
    visit(group);
    lanes &= ~group;
  }
}

enum class ShuffleMode : uint32_t { kUp, kDown, kButterfly, kIndex };
constexpr std::array<std::string_view, 4> kShuffleModes = {"up", "down", "bfly", "idx"};

struct ShuffleSource {
  int lane = 0;
  bool in_range = false;
};

// PTX ISA, shfl.sync: c holds the clamp in its lowest five bits and the mask of the segment from bit 8 on.
ShuffleSource shuffle_source(ShuffleMode mode, int lane, uint32_t b, uint32_t c) {
  const auto own = static_cast<uint32_t>(lane);
  const uint32_t offset = b & 31;
  const uint32_t clamp = c & 31;
  const uint32_t segment = c >> 8 & 31;
  const uint32_t most = (own & segment) | (clamp & ~segment);
  const uint32_t least = own & segment;
  int64_t source = 0;
  bool in_range = false;
  switch (mode) {
    case ShuffleMode::kUp:
      source = int64_t{own} - offset;
      in_range = source >= int64_t{most};
      break;
    case ShuffleMode::kDown:
      source = int64_t{own} + offset;
      in_range = source <= int64_t{most};
      break;
    case ShuffleMode::kButterfly:
      source = own ^ offset;
      in_range = source <= int64_t{most};
      break;
    case ShuffleMode::kIndex:
      source = least | (offset & ~segment);
      in_range = source <= int64_t{most};
      break;
  }
  return {in_range ? static_cast<int>(source) : lane, in_range};
}

// operands: [0] result, [1] predicate, [2] a, [3] b, [4] c, [5] members.
void execute_shuffle(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  if (!meet(instruction, warp, lanes, instruction.operands[5])) return;
  std::array<uint64_t, kLanes> values{};
  std::copy_n(warp.row(instruction.operands[2]), kLanes, values.begin());
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* b = warp.row(instruction.operands[3]);
  const uint64_t* c = warp.row(instruction.operands[4]);
  LaneMask in_range = 0;
  for_each_lane(lanes, [&](int lane) {
    const ShuffleSource source = shuffle_source(static_cast<ShuffleMode>(instruction.options), lane,
                                                narrow<uint32_t>(b[lane]), narrow<uint32_t>(c[lane]));
    if ((lanes >> source.lane & 1) == 0) {
      warp.fault(instruction.line, lane,
                 fmt::format("a shuffle reads lane {}, which takes no part in it (0x{:08x} do)", source.lane, lanes));
      return;
    }
    to[lane] = values[static_cast<size_t>(source.lane)];
    in_range |= static_cast<LaneMask>(source.in_range) << lane;
  });
  warp.set_predicate(instruction.operands[1], lanes, in_range);
}

void decode_shuffle(Decoder& decoder, Instruction& instruction) {
  if (!decoder.take("sync")) decoder.fail(".sync is missing");
  bool found = false;
  for (uint32_t i = 0; i < kShuffleModes.size(); ++i) {
    if (!decoder.take(kShuffleModes[i])) continue;
    instruction.options = i;
    found = true;
  }
  if (!found) decoder.fail("one of .up, .down, .bfly and .idx is missing");
  decoder.require_type({Type::kB32});
  const Operand& destination = decoder.next();
  const bool pair = destination.kind == Operand::Kind::kPair;
  instruction.operands[0] = decoder.destination_of(pair ? destination.elements[0] : destination, Type::kB32);
  instruction.operands[1] =
      pair ? decoder.predicate_destination_of(destination.elements[1]) : decoder.builder().sink_predicate();
  instruction.operands[2] = decoder.source(Type::kB32);
  instruction.operands[3] = decoder.source(Type::kU32);
  instruction.operands[4] = decoder.source(Type::kU32);
  instruction.operands[5] = decoder.source(Type::kB32);
  instruction.execute = &execute_shuffle;
}

enum class VoteMode : uint32_t { kAll, kAny, kUniform, kBallot };
constexpr std::array<std::string_view, 4> kVoteModes = {"all", "any", "uni", "ballot"};

// operands: [0] result, a row for a ballot and otherwise a predicate, [1] predicate, [2] members.
void execute_vote(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  if (!meet(instruction, warp, lanes, instruction.operands[2])) return;
  const LaneMask votes = warp.predicate(instruction.operands[1]);
  for_each_group(warp, lanes, instruction.operands[2], [&](LaneMask group) {
    const LaneMask yes = votes & group;
    bool result = false;
    switch (static_cast<VoteMode>(instruction.options)) {
      case VoteMode::kAll:
        result = yes == group;
        break;
      case VoteMode::kAny:
        result = yes != 0;
        break;
      case VoteMode::kUniform:
        result = yes == 0 || yes == group;
        break;
      case VoteMode::kBallot:
        for_each_lane(group, [&](int lane) { warp.row(instruction.operands[0])[lane] = yes; });
        return;
    }
    warp.set_predicate(instruction.operands[0], group, result ? kAllLanes : 0);
  });
}

void decode_vote(Decoder& decoder, Instruction& instruction) {
  if (!decoder.take("sync")) decoder.fail(".sync is missing");
  bool found = false;
  for (uint32_t i = 0; i < kVoteModes.size(); ++i) {
    if (!decoder.take(kVoteModes[i])) continue;
    instruction.options = i;
    found = true;
  }
  if (!found) decoder.fail("one of .all, .any, .uni and .ballot is missing");
  if (static_cast<VoteMode>(instruction.options) == VoteMode::kBallot) {
    decoder.require_type({Type::kB32});
    instruction.operands[0] = decoder.destination(Type::kB32);
  } else {
    decoder.require_type({Type::kPred});
    instruction.operands[0] = decoder.predicate_destination();
  }
  instruction.operands[1] = decoder.predicate_source();
  instruction.operands[2] = decoder.source(Type::kB32);
  instruction.execute = &execute_vote;
}

enum class ReductionMode : uint32_t { kAdd, kMinimum, kMaximum, kAnd, kOr, kXor };
constexpr std::array<std::string_view, 6> kReductionModes = {"add", "min", "max", "and", "or", "xor"};

uint64_t reduce(ReductionMode mode, bool of_signed, uint64_t a, uint64_t b) {
  switch (mode) {
    case ReductionMode::kAdd:
      return a + b;
    case ReductionMode::kAnd:
      return a & b;
    case ReductionMode::kOr:
      return a | b;
    case ReductionMode::kXor:
      return a ^ b;
    case ReductionMode::kMinimum:
    case ReductionMode::kMaximum:
      break;
  }
  const bool less = of_signed ? narrow<int32_t>(a) < narrow<int32_t>(b) : narrow<uint32_t>(a) < narrow<uint32_t>(b);
  return less == (mode == ReductionMode::kMinimum) ? a : b;
}

// operands: [0] result, [1] a, [2] members.
void execute_reduction(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  if (!meet(instruction, warp, lanes, instruction.operands[2])) return;
  const uint64_t* a = warp.row(instruction.operands[1]);
  uint64_t* to = warp.row(instruction.operands[0]);
  for_each_group(warp, lanes, instruction.operands[2], [&](LaneMask group) {
    const int first = std::countr_zero(group);
    uint64_t result = a[first];
    for_each_lane(group & (group - 1), [&](int lane) {
      result = reduce(static_cast<ReductionMode>(instruction.options), is_signed(instruction.type), result, a[lane]);
    });
    for_each_lane(group, [&](int lane) { to[lane] = static_cast<uint32_t>(result); });
  });
}

void decode_warp_reduction(Decoder& decoder, Instruction& instruction) {
  if (!decoder.take("sync")) decoder.fail(".sync is missing");
  bool found = false;
  for (uint32_t i = 0; i < kReductionModes.size(); ++i) {
    if (!decoder.take(kReductionModes[i])) continue;
    instruction.options = i;
    found = true;
  }
  if (!found) decoder.fail("an operation is missing");
  decode_operands(decoder, instruction, decoder.require_type({Type::kU32, Type::kS32, Type::kB32}), 1);
  instruction.operands[2] = decoder.source(Type::kB32);
  instruction.execute = &execute_reduction;
}

// operands: [0] result, [1] predicate, [2] a, [3] members. `options` is 1 for .all.
void execute_match(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  if (!meet(instruction, warp, lanes, instruction.operands[3])) return;
  const uint64_t* a = warp.row(instruction.operands[2]);
  const uint64_t mask = ~uint64_t{0} >> (64 - 8 * type_bytes(instruction.type));
  uint64_t* to = warp.row(instruction.operands[0]);
  for_each_group(warp, lanes, instruction.operands[3], [&](LaneMask group) {
    std::array<LaneMask, kLanes> equal{};
    for_each_lane(group, [&](int lane) {
      for_each_lane(group, [&](int other) {
        equal[static_cast<size_t>(lane)] |= static_cast<LaneMask>(((a[lane] ^ a[other]) & mask) == 0) << other;
      });
    });
    const bool all = equal[static_cast<size_t>(std::countr_zero(group))] == group;
    for_each_lane(group, [&](int lane) {
      to[lane] = instruction.options == 0 ? equal[static_cast<size_t>(lane)] : all ? group : 0;
    });
    warp.set_predicate(instruction.operands[1], group, all ? kAllLanes : 0);
  });
}

void decode_match(Decoder& decoder, Instruction& instruction) {
  instruction.options = static_cast<uint32_t>(decoder.take("all"));
  if (instruction.options == 0 && !decoder.take("any")) decoder.fail("one of .all and .any is missing");
  if (!decoder.take("sync")) decoder.fail(".sync is missing");
  instruction.type = decoder.require_type({Type::kB32, Type::kB64});
  const Operand& destination = decoder.next();
  const bool pair = destination.kind == Operand::Kind::kPair;
  instruction.operands[0] = decoder.destination_of(pair ? destination.elements[0] : destination, Type::kB32);
  instruction.operands[1] =
      pair ? decoder.predicate_destination_of(destination.elements[1]) : decoder.builder().sink_predicate();
  instruction.operands[2] = decoder.source(instruction.type);
  instruction.operands[3] = decoder.source(Type::kB32);
  instruction.execute = &execute_match;
}

void execute_active_mask(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  for_each_lane(lanes, [&](int lane) { warp.row(instruction.operands[0])[lane] = lanes; });
}

void decode_active_mask(Decoder& decoder, Instruction& instruction) {
  decoder.require_type({Type::kB32});
  instruction.operands[0] = decoder.destination(Type::kB32);
  instruction.execute = &execute_active_mask;
}

// The lowest lane of each group is elected. operands: [0] its number, [1] predicate, [2] members.
void execute_elect(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  if (!meet(instruction, warp, lanes, instruction.operands[2])) return;
  for_each_group(warp, lanes, instruction.operands[2], [&](LaneMask group) {
    const int leader = std::countr_zero(group);
    for_each_lane(group, [&](int lane) { warp.row(instruction.operands[0])[lane] = static_cast<uint64_t>(leader); });
    warp.set_predicate(instruction.operands[1], group, LaneMask{1} << leader);
  });
}

void decode_elect(Decoder& decoder, Instruction& instruction) {
  if (!decoder.take("sync")) decoder.fail(".sync is missing");
  const Operand& destination = decoder.next();
  if (destination.kind != Operand::Kind::kPair) {
    decoder.fail("a register and a predicate are missing");
    return;
  }
  instruction.operands[0] = decoder.destination_of(destination.elements[0], Type::kB32);
  instruction.operands[1] = decoder.predicate_destination_of(destination.elements[1]);
  instruction.operands[2] = decoder.source(Type::kB32);
  instruction.execute = &execute_elect;
}

constexpr auto kOpcodes = std::to_array<Opcode>({
    {"shfl", Accepts::kAnything, &decode_shuffle},
    {"vote", Accepts::kAnything, &decode_vote},
    {"redux", Accepts::kAnything, &decode_warp_reduction},
    {"match", Accepts::kAnything, &decode_match},
    {"activemask", Accepts::kAnything, &decode_active_mask},
    {"elect", Accepts::kAnything, &decode_elect},
});

}  // namespace

std::span<const Opcode> warp_opcodes() { return kOpcodes; }

}  // namespace hearth::ptx
