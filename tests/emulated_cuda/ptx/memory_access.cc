#include <array>

#include "emulated_cuda/ptx/addresses.h"

namespace hearth::ptx {
namespace {

constexpr size_t kMostAccessBytes = 32;

uint64_t element_from(const std::byte* bytes, Type type) {
  uint64_t bits = 0;
  std::memcpy(&bits, bytes, type_bytes(type));
  if (!is_signed(type)) return bits;
  const size_t unused = 64 - 8 * type_bytes(type);
  return static_cast<uint64_t>(static_cast<int64_t>(bits << unused) >> unused);
}

// operands[0] is the base, the elements follow.
void execute_load(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  const size_t element = type_bytes(instruction.type);
  std::array<std::byte, kMostAccessBytes> bytes{};
  const std::span<std::byte> access = std::span(bytes).first(element * instruction.count);
  for_each_lane(lanes, [&](int lane) {
    const uint64_t address = address_of(instruction, warp, 0, lane);
    if (!warp.load(instruction, instruction.space, lane, address, access)) return;
    for (size_t i = 0; i < instruction.count; ++i) {
      warp.row(instruction.operands[i + 1])[lane] = element_from(bytes.data() + i * element, instruction.type);
    }
  });
}

void execute_store(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  const size_t element = type_bytes(instruction.type);
  std::array<std::byte, kMostAccessBytes> bytes{};
  for_each_lane(lanes, [&](int lane) {
    for (size_t i = 0; i < instruction.count; ++i) {
      std::memcpy(bytes.data() + i * element, &warp.row(instruction.operands[i + 1])[lane], element);
    }
    warp.store(instruction, instruction.space, lane, address_of(instruction, warp, 0, lane),
               std::span(bytes).first(element * instruction.count));
  });
}

constexpr std::initializer_list<Type> kAccessed = {Type::kB8,  Type::kB16, Type::kB32, Type::kB64, Type::kU8,
                                                   Type::kU16, Type::kU32, Type::kU64, Type::kS8,  Type::kS16,
                                                   Type::kS32, Type::kS64, Type::kF32, Type::kF64};

void decode_access(Decoder& decoder, Instruction& instruction) {
  ignore_access_hints(decoder);
  instruction.space = decoder.take_space().value_or(Space::kGeneric);
  instruction.count = decoder.take_vector();
  instruction.type = decoder.require_type(kAccessed);
  const size_t bytes = type_bytes(instruction.type) * instruction.count;
  if (bytes > kMostAccessBytes) decoder.fail("an access of more than 32 bytes");
  note_access(decoder, instruction.space, bytes);
}

void decode_load(Decoder& decoder, Instruction& instruction) {
  decode_access(decoder, instruction);
  decoder.destinations(instruction, 1, instruction.count, instruction.type, Decoder::Fit::kWider);
  instruction.operands[0] = decoder.address(instruction);
  ignore_cache_policy(decoder);
  instruction.execute = &execute_load;
}

void decode_store(Decoder& decoder, Instruction& instruction) {
  decode_access(decoder, instruction);
  if (instruction.space == Space::kConstant) decoder.fail("constant memory cannot be written");
  instruction.operands[0] = decoder.address(instruction);
  decoder.sources(instruction, 1, instruction.count, instruction.type, Decoder::Fit::kWider);
  ignore_cache_policy(decoder);
  instruction.execute = &execute_store;
}

void execute_nothing(const Instruction&, Warp&, LaneMask) {}

// Prefetches and fences: accesses here are done at once and in order.
void decode_hint(Decoder& decoder, Instruction& instruction) {
  decoder.ignore({"global",
                  "local",
                  "shared",
                  "shared::cta",
                  "L1",
                  "L2",
                  "cta",
                  "cluster",
                  "gpu",
                  "sys",
                  "gl",
                  "acq_rel",
                  "sc",
                  "acquire",
                  "release",
                  "uniform",
                  "async",
                  "proxy",
                  "wait",
                  "launch_dependents",
                  "tensormap",
                  "alias",
                  "mbarrier_init",
                  "sync_restrict::shared::cta",
                  "sync_restrict::shared::cluster"});
  decoder.ignore_prefix("L2::");
  while (decoder.has_operand()) decoder.next();
  instruction.execute = &execute_nothing;
}

// A policy for caches that are not there: some number.
void decode_create_policy(Decoder& decoder, Instruction& instruction) {
  decoder.ignore({"fractional", "range", "global"});
  decoder.ignore_prefix("L2::");
  decoder.require_type({Type::kB64});
  decoder.destination(Type::kB64);
  while (decoder.has_operand()) decoder.next();
  instruction.execute = &execute_nothing;
}

constexpr auto kOpcodes = std::to_array<Opcode>({
    {"ld", Accepts::kAnything, &decode_load},
    {"ldu", Accepts::kAnything, &decode_load},
    {"st", Accepts::kAnything, &decode_store},
    {"prefetch", Accepts::kAnything, &decode_hint},
    {"prefetchu", Accepts::kAnything, &decode_hint},
    {"discard", Accepts::kAnything, &decode_hint},
    {"applypriority", Accepts::kAnything, &decode_hint},
    {"membar", Accepts::kAnything, &decode_hint},
    {"fence", Accepts::kAnything, &decode_hint},
    {"griddepcontrol", Accepts::kAnything, &decode_hint},
    {"createpolicy", Accepts::kAnything, &decode_create_policy},
});

}  // namespace

std::span<const Opcode> memory_opcodes() { return kOpcodes; }

}  // namespace hearth::ptx
