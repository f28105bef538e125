#include "emulated_cuda/ptx/control.h"

#include <array>

#include "emulated_cuda/ptx/operations.h"

namespace hearth::ptx {
namespace {

void execute_branch(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  warp.branch(instruction.target, lanes);
}

void execute_indexed_branch(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  const std::vector<uint32_t>& table = warp.branch_table(instruction.target);
  const uint64_t* indices = warp.row(instruction.operands[0]);
  std::array<uint32_t, kLanes> targets{};
  for_each_lane(lanes, [&](int lane) {
    const auto index = narrow<uint32_t>(indices[lane]);
    if (index >= table.size()) {
      warp.fault(instruction.line, lane, fmt::format("branch target {} of {}", index, table.size()));
      return;
    }
    targets[static_cast<size_t>(lane)] = table[index];
  });
  warp.branch_each(targets.data(), lanes);
}

void execute_call(const Instruction& instruction, Warp& warp, LaneMask lanes) { warp.call(instruction, lanes); }
void execute_return(const Instruction&, Warp& warp, LaneMask lanes) { warp.return_lanes(lanes); }
void execute_exit(const Instruction&, Warp& warp, LaneMask lanes) { warp.exit_lanes(lanes); }

void execute_trap(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  warp.fault(instruction.line, std::countr_zero(lanes), "a trap");
}

void execute_nothing(const Instruction&, Warp&, LaneMask) {}

void decode_return(Decoder& decoder, Instruction& instruction) {
  decoder.take("uni");
  instruction.execute = &execute_return;
}

void decode_exit(Decoder&, Instruction& instruction) { instruction.execute = &execute_exit; }
void decode_trap(Decoder&, Instruction& instruction) { instruction.execute = &execute_trap; }

void decode_sleep(Decoder& decoder, Instruction& instruction) {
  decoder.require_type({Type::kU32});
  decoder.source(Type::kU32);
  instruction.execute = &execute_nothing;
}

constexpr auto kOpcodes = std::to_array<Opcode>({
    {"ret", Accepts::kAnything, &decode_return},
    {"exit", Accepts::kAnything, &decode_exit},
    {"trap", Accepts::kAnything, &decode_trap},
    {"brkpt", Accepts::kAnything, &decode_trap},
    {"nanosleep", Accepts::kAnything, &decode_sleep},
});

Instruction make(Execute execute, uint32_t line, uint32_t guard) {
  Instruction instruction;
  instruction.execute = execute;
  instruction.line = line;
  instruction.guard = guard;
  return instruction;
}

}  // namespace

Instruction make_branch(uint32_t line, uint32_t guard) { return make(&execute_branch, line, guard); }

Instruction make_indexed_branch(uint32_t line, uint32_t guard, uint32_t index) {
  Instruction instruction = make(&execute_indexed_branch, line, guard);
  instruction.operands[0] = index;
  return instruction;
}

Instruction make_call(uint32_t line, uint32_t guard, uint32_t call) {
  Instruction instruction = make(&execute_call, line, guard);
  instruction.target = call;
  return instruction;
}

Instruction make_return(uint32_t line) { return make(&execute_return, line, kAlways); }

std::span<const Opcode> control_opcodes() { return kOpcodes; }

}  // namespace hearth::ptx
