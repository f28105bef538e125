#pragma once

#include "emulated_cuda/ptx/operations.h"

namespace hearth::ptx {

/// The address that a lane accesses: operands[`base`] and the instruction's offset.
inline uint64_t address_of(const Instruction& instruction, Warp& warp, size_t base, int lane) {
  const uint64_t bits = warp.row(instruction.operands[base])[lane];
  const uint64_t address = instruction.narrow_address ? static_cast<uint32_t>(bits) : bits;
  return address + static_cast<uint64_t>(instruction.offset);
}

/// Tells the function of an access of so many bytes that may be one to shared memory.
inline void note_access(Decoder& decoder, Space space, size_t bytes) {
  if (space == Space::kShared || space == Space::kGeneric) {
    decoder.builder().note_shared_access(static_cast<uint32_t>(bytes));
  }
}

/// Takes the modifiers that change no result here: caches, and the order of accesses among threads, which is the
/// program's where one warp runs at a time.
inline void ignore_access_hints(Decoder& decoder) {
  decoder.ignore({"weak", "volatile", "relaxed", "acquire", "release", "acq_rel", "sc", "mmio"});
  decoder.ignore({"cta", "cluster", "gpu", "sys"});
  decoder.ignore({"ca", "cg", "cs", "lu", "cv", "wb", "wt", "nc", "unified"});
  decoder.ignore_prefix("L1::");
  decoder.ignore_prefix("L2::");
}

/// The operand of .L2::cache_hint, where there is one.
inline void ignore_cache_policy(Decoder& decoder) {
  if (decoder.has_operand() && decoder.peek().kind == Operand::Kind::kRegister) decoder.source(Type::kB64);
}

}  // namespace hearth::ptx
