#include <array>

#include "emulated_cuda/ptx/addresses.h"

namespace hearth::ptx {
namespace {

constexpr size_t kMostBytes = 16;

// operands: [0] the target's base, [1] the source's, [2] how many bytes are read, the rest being zeros;
// [3] a predicate that says that none are read. `count`: the bytes that are written.
void execute_copy(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  const size_t bytes = instruction.count;
  const LaneMask ignores = warp.predicate(instruction.operands[3]);
  for_each_lane(lanes, [&](int lane) {
    const auto given = narrow<uint32_t>(warp.row(instruction.operands[2])[lane]);
    const uint64_t source = warp.row(instruction.operands[1])[lane] + static_cast<uint64_t>(instruction.second_offset);
    const size_t read = (ignores >> lane & 1) != 0 ? 0 : given;
    if (read > bytes) {
      warp.fault(instruction.line, lane, fmt::format("cp.async is to read {} bytes and write {}", read, bytes));
      return;
    }
    if (read > 0 && source % bytes != 0) {
      warp.fault(instruction.line, lane, fmt::format("a misaligned read of {} bytes at address 0x{:x}", bytes, source));
      return;
    }
    std::array<std::byte, kMostBytes> data{};
    // Fewer bytes need not be a number that an access can have.
    const size_t step = read == bytes ? bytes : 1;
    for (size_t at = 0; at < read; at += step) {
      if (!warp.load(instruction, Space::kGlobal, lane, source + at, std::span(data).subspan(at, step))) return;
    }
    warp.copy_later(instruction, lane, address_of(instruction, warp, 0, lane), bytes, std::span(data).first(bytes));
  });
}

void execute_commit(const Instruction&, Warp& warp, LaneMask lanes) { warp.commit_copies(lanes); }

void execute_wait_group(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  warp.finish_copies(lanes, instruction.options);
}

void execute_wait_all(const Instruction&, Warp& warp, LaneMask lanes) { warp.finish_all_copies(lanes); }

void decode_copy(Decoder& decoder, Instruction& instruction) {
  const bool second_level = decoder.take("cg");
  if (!second_level && !decoder.take("ca")) decoder.fail("one of .ca and .cg is missing");
  instruction.space = decoder.take_space().value_or(Space::kGeneric);
  if (instruction.space != Space::kShared || !decoder.take("global")) decoder.fail(".shared.global is missing");
  decoder.ignore_prefix("L2::");
  instruction.operands[0] = decoder.address(instruction);
  // The source has an offset of its own, and no base of 32 bits.
  Instruction source;
  source.space = Space::kGlobal;
  instruction.operands[1] = decoder.address(source);
  instruction.second_offset = source.offset;
  const uint32_t bytes = decoder.literal(kMostBytes);
  if ((bytes != 4 && bytes != 8 && bytes != 16) || (second_level && bytes != 16)) {
    decoder.fail(fmt::format("a copy of {} bytes", bytes));
  }
  instruction.count = static_cast<uint8_t>(bytes);
  instruction.operands[2] = decoder.builder().constant(Constant::Kind::kValue, bytes);
  if (decoder.peek().kind == Operand::Kind::kPredicate) {
    instruction.operands[3] = decoder.predicate_source();
  } else if (decoder.peek().kind == Operand::Kind::kNumber ||
             (decoder.peek().kind == Operand::Kind::kRegister && type_bytes(decoder.peek().type) == 4)) {
    instruction.operands[2] = decoder.source(Type::kU32);
  }
  ignore_cache_policy(decoder);
  note_access(decoder, Space::kShared, bytes);
  instruction.execute = &execute_copy;
}

// All instructions whose name begins with "cp.async".
void decode_asynchronous(Decoder& decoder, Instruction& instruction) {
  if (!decoder.take("async")) decoder.fail("only cp.async is known");
  if (decoder.take("commit_group")) {
    instruction.execute = &execute_commit;
  } else if (decoder.take("wait_group")) {
    instruction.options = decoder.literal(UINT16_MAX);
    instruction.execute = &execute_wait_group;
  } else if (decoder.take("wait_all")) {
    instruction.execute = &execute_wait_all;
  } else {
    decode_copy(decoder, instruction);
  }
}

constexpr auto kOpcodes = std::to_array<Opcode>({{"cp", Accepts::kAnything, &decode_asynchronous}});

}  // namespace

std::span<const Opcode> async_copy_opcodes() { return kOpcodes; }

}  // namespace hearth::ptx
