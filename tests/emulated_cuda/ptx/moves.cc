#include <array>

#include "emulated_cuda/ptx/operations.h"

namespace hearth::ptx {
namespace {

void execute_move(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* from = warp.row(instruction.operands[1]);
  for_each_lane(lanes, [&](int lane) { to[lane] = from[lane]; });
}

void execute_move_predicate(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  warp.set_predicate(instruction.operands[0], lanes, warp.predicate(instruction.operands[1]));
}

void execute_clock(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  for_each_lane(lanes, [&](int lane) { to[lane] = warp.clock(); });
}

// `count` sources, from operands[1] on, the first one lowest, to one register.
void execute_pack(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  const size_t bits = 8 * type_bytes(instruction.type) / instruction.count;
  const uint64_t mask = ~uint64_t{0} >> (64 - bits);
  uint64_t* to = warp.row(instruction.operands[0]);
  for_each_lane(lanes, [&](int lane) {
    uint64_t packed = 0;
    for (size_t i = instruction.count; i > 0; --i) {
      packed = (bits < 64 ? packed << bits : 0) | (warp.row(instruction.operands[i])[lane] & mask);
    }
    to[lane] = packed;
  });
}

// One source, operands[0], to `count` registers from operands[1] on.
void execute_unpack(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  const size_t bits = 8 * type_bytes(instruction.type) / instruction.count;
  const uint64_t mask = ~uint64_t{0} >> (64 - bits);
  const uint64_t* from = warp.row(instruction.operands[0]);
  for_each_lane(lanes, [&](int lane) {
    const uint64_t packed = from[lane];
    for (size_t i = 0; i < instruction.count; ++i) {
      warp.row(instruction.operands[i + 1])[lane] = packed >> (bits * i) & mask;
    }
  });
}

Type part_of(Decoder& decoder, Type type, size_t count) {
  switch (count == 0 ? 0 : type_bytes(type) / count) {
    case 1:
      return Type::kB8;
    case 2:
      return Type::kB16;
    case 4:
      return Type::kB32;
    default:
      decoder.fail("the vector does not fit the type");
      return Type::kB32;
  }
}

constexpr std::initializer_list<Type> kMoved = {Type::kPred, Type::kB16, Type::kB32, Type::kB64, Type::kU16,
                                                Type::kU32,  Type::kU64, Type::kS16, Type::kS32, Type::kS64,
                                                Type::kF32,  Type::kF64, Type::kF16, Type::kBf16};

void decode_pack(Decoder& decoder, Instruction& instruction) {
  instruction.operands[0] = decoder.destination(instruction.type);
  instruction.count = static_cast<uint8_t>(decoder.peek().elements.size());
  const Type part = part_of(decoder, instruction.type, instruction.count);
  decoder.sources(instruction, 1, instruction.count, part,
                  part == Type::kB8 ? Decoder::Fit::kWider : Decoder::Fit::kExact);
  instruction.execute = &execute_pack;
}

void decode_unpack(Decoder& decoder, Instruction& instruction) {
  instruction.count = static_cast<uint8_t>(decoder.peek().elements.size());
  const Type part = part_of(decoder, instruction.type, instruction.count);
  decoder.destinations(instruction, 1, instruction.count, part,
                       part == Type::kB8 ? Decoder::Fit::kWider : Decoder::Fit::kExact);
  instruction.operands[0] = decoder.source(instruction.type);
  instruction.execute = &execute_unpack;
}

void decode_move(Decoder& decoder, Instruction& instruction) {
  instruction.type = decoder.require_type(kMoved);
  const std::vector<Operand>& operands = decoder.statement().operands;
  if (instruction.type == Type::kPred) {
    instruction.operands[0] = decoder.predicate_destination();
    instruction.operands[1] = decoder.predicate_source();
    instruction.execute = &execute_move_predicate;
  } else if (!operands.empty() && operands[0].kind == Operand::Kind::kVector) {
    decode_unpack(decoder, instruction);
  } else if (operands.size() > 1 && operands[1].kind == Operand::Kind::kVector) {
    decode_pack(decoder, instruction);
  } else {
    // Special registers have 32 bits, and may be moved to 64.
    instruction.operands[0] = decoder.destination(instruction.type);
    const bool clock = decoder.peek().kind == Operand::Kind::kClock;
    if (clock) {
      decoder.next();
    } else {
      instruction.operands[1] = decoder.source(instruction.type);
    }
    instruction.execute = clock ? &execute_clock : &execute_move;
  }
}

uint64_t window_of(Space space) {
  switch (space) {
    case Space::kShared:
      return kSharedWindow;
    case Space::kLocal:
      return kLocalWindow;
    case Space::kParameter:
      return kParameterWindow;
    default:
      return 0;
  }
}

// A generic address to one of a space, or back; `options` is 1 for the former.
void execute_convert_address(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* from = warp.row(instruction.operands[1]);
  const uint64_t window = window_of(instruction.space);
  for_each_lane(lanes, [&](int lane) {
    // One that points elsewhere keeps its window, and so is out of bounds wherever it is used.
    to[lane] = instruction.options != 0 ? from[lane] ^ window : from[lane] | window;
  });
}

void decode_convert_address(Decoder& decoder, Instruction& instruction) {
  instruction.options = static_cast<uint32_t>(decoder.take("to"));
  const std::optional<Space> space = decoder.take_space();
  if (!space) decoder.fail("a space is missing");
  instruction.space = space.value_or(Space::kGlobal);
  decode_operands(decoder, instruction, decoder.require_type({Type::kU64}), 1);
  instruction.execute = &execute_convert_address;
}

void execute_is_space(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  const uint64_t* from = warp.row(instruction.operands[1]);
  LaneMask result = 0;
  for_each_lane(lanes, [&](int lane) {
    result |= static_cast<LaneMask>((from[lane] & kWindowBits) == window_of(instruction.space)) << lane;
  });
  warp.set_predicate(instruction.operands[0], lanes, result);
}

void decode_is_space(Decoder& decoder, Instruction& instruction) {
  const std::optional<Space> space = decoder.take_space();
  if (!space || *space == Space::kConstant) decoder.fail("one of .global, .shared, .local and .param is missing");
  instruction.space = space.value_or(Space::kGlobal);
  instruction.operands[0] = decoder.predicate_destination();
  instruction.operands[1] = decoder.source(Type::kU64);
  instruction.execute = &execute_is_space;
}

constexpr auto kOpcodes = std::to_array<Opcode>({
    {"mov", Accepts::kAnything, &decode_move},
    {"cvta", Accepts::kAnything, &decode_convert_address},
    {"isspacep", Accepts::kAnything, &decode_is_space},
});

}  // namespace

std::span<const Opcode> move_opcodes() { return kOpcodes; }

}  // namespace hearth::ptx
