#include "emulated_cuda/ptx/decoder.h"

#include <algorithm>
#include <array>
#include <bit>

namespace hearth::ptx {
namespace {

const Operand kNoOperand{};

constexpr std::array<std::string_view, 4> kRoundings = {"rn", "rz", "rm", "rp"};

std::string_view name_of(const Operand& operand) {
  switch (operand.kind) {
    case Operand::Kind::kRegister:
      return "a register";
    case Operand::Kind::kPredicate:
      return "a predicate";
    case Operand::Kind::kNumber:
      return "a number";
    case Operand::Kind::kVariable:
      return "a variable";
    case Operand::Kind::kSpecial:
    case Operand::Kind::kClock:
      return "a special register";
    case Operand::Kind::kAddress:
      return "an address";
    case Operand::Kind::kVector:
      return "a vector";
    case Operand::Kind::kPair:
      return "a pair";
    case Operand::Kind::kSink:
      return "'_'";
    case Operand::Kind::kName:
      return "an undeclared name";
    case Operand::Kind::kList:
      return "a list";
  }
  return "something else";
}

// The bits of a literal as an operand of the type; nothing where PTX has no such literal.
std::optional<uint64_t> literal_bits(const Number& number, Type type) {
  switch (type) {
    case Type::kF32:
    case Type::kTf32:
      if (number.kind == Number::Kind::kInteger) return std::nullopt;
      if (number.kind == Number::Kind::kFloat32) return number.bits;
      return std::bit_cast<uint32_t>(static_cast<float>(value_of(number)));
    case Type::kF64:
      if (number.kind == Number::Kind::kInteger) return std::nullopt;
      return std::bit_cast<uint64_t>(value_of(number));
    case Type::kPred:
    case Type::kB128:
      return std::nullopt;
    default:
      break;
  }
  const size_t bytes = number.kind == Number::Kind::kFloat32 ? 4 : 8;
  if (number.kind != Number::Kind::kInteger && type_bytes(type) != bytes) return std::nullopt;
  return number.bits;
}

Accepts accepted_by(const Statement& statement) {
  for (auto modifier = statement.modifiers.rbegin(); modifier != statement.modifiers.rend(); ++modifier) {
    const std::optional<Type> type = type_named(*modifier);
    if (!type) continue;
    if (*type == Type::kPred) return Accepts::kPredicate;
    if (!is_floating(*type)) return Accepts::kInteger;
    const bool single = *type == Type::kF32 || *type == Type::kF64 || *type == Type::kF32x2 || *type == Type::kTf32;
    return single ? Accepts::kFloat : Accepts::kHalf;
  }
  return Accepts::kAnything;
}

const Opcode* find_opcode(const Statement& statement) {
  static const std::array kFamilies = {
      integer_arithmetic_opcodes(),
      bit_opcodes(),
      float_arithmetic_opcodes(),
      approximation_opcodes(),
      half_arithmetic_opcodes(),
      comparison_opcodes(),
      conversion_opcodes(),
      move_opcodes(),
      memory_opcodes(),
      atomic_opcodes(),
      async_copy_opcodes(),
      matrix_opcodes(),
      warp_opcodes(),
      barrier_opcodes(),
      control_opcodes(),
  };
  const Accepts accepts = accepted_by(statement);
  for (const std::span<const Opcode> family : kFamilies) {
    for (const Opcode& opcode : family) {
      if (opcode.name != statement.opcode) continue;
      if (opcode.accepts == Accepts::kAnything || opcode.accepts == accepts) return &opcode;
    }
  }
  return nullptr;
}

}  // namespace

bool Decoder::take(std::string_view modifier) {
  for (size_t i = 0; i < statement_.modifiers.size(); ++i) {
    if ((taken_ >> i & 1) != 0 || statement_.modifiers[i] != modifier) continue;
    taken_ |= uint64_t{1} << i;
    return true;
  }
  return false;
}

void Decoder::ignore(std::initializer_list<std::string_view> modifiers) {
  for (const std::string_view modifier : modifiers) take(modifier);
}

void Decoder::ignore_prefix(std::string_view prefix) {
  for (size_t i = 0; i < statement_.modifiers.size(); ++i) {
    if (statement_.modifiers[i].starts_with(prefix)) taken_ |= uint64_t{1} << i;
  }
}

std::optional<Type> Decoder::take_type() {
  for (size_t i = 0; i < statement_.modifiers.size(); ++i) {
    if ((taken_ >> i & 1) != 0) continue;
    if (const std::optional<Type> type = type_named(statement_.modifiers[i])) {
      taken_ |= uint64_t{1} << i;
      return type;
    }
  }
  return std::nullopt;
}

Type Decoder::require_type() {
  const std::optional<Type> type = take_type();
  if (!type) fail("a type is missing");
  return type.value_or(Type::kB32);
}

Type Decoder::require_type(std::initializer_list<Type> allowed) {
  const Type type = require_type();
  if (std::find(allowed.begin(), allowed.end(), type) != allowed.end()) return type;
  fail(fmt::format("the type .{} is not known here", type_name(type)));
  return *allowed.begin();
}

std::optional<Rounding> Decoder::take_rounding() {
  for (size_t i = 0; i < kRoundings.size(); ++i) {
    if (take(kRoundings[i])) return static_cast<Rounding>(i);
  }
  return std::nullopt;
}

std::optional<Space> Decoder::take_space() {
  for (size_t i = 0; i < statement_.modifiers.size(); ++i) {
    if (const std::optional<Space> space = space_named(statement_.modifiers[i]); space && (taken_ >> i & 1) == 0) {
      taken_ |= uint64_t{1} << i;
      return space;
    }
  }
  return std::nullopt;
}

uint8_t Decoder::take_vector() {
  if (take("v2")) return 2;
  if (take("v4")) return 4;
  return take("v8") ? 8 : 1;
}

const Operand& Decoder::peek() const { return has_operand() ? statement_.operands[at_] : kNoOperand; }

const Operand& Decoder::next() {
  if (!has_operand()) {
    fail("an operand is missing");
    return kNoOperand;
  }
  return statement_.operands[at_++];
}

uint32_t Decoder::source_of(const Operand& operand, Type type, Fit fit) {
  switch (operand.kind) {
    case Operand::Kind::kRegister: {
      const size_t wanted = type_bytes(type);
      const size_t given = type_bytes(operand.type);
      if (given == wanted || (fit == Fit::kWider && given > wanted)) return operand.index;
      fail(fmt::format("a register of {} bytes where {} are needed", given, wanted));
      return 0;
    }
    case Operand::Kind::kNumber: {
      const std::optional<uint64_t> bits = literal_bits(operand.number, type);
      if (bits) return builder_.constant(Constant::Kind::kValue, *bits);
      fail(fmt::format("this kind of number cannot be an operand of type .{}", type_name(type)));
      return 0;
    }
    case Operand::Kind::kVariable:
      if (operand.variable.kind == Constant::Kind::kModuleShared) builder_.note_module_shared();
      return builder_.constant(operand.variable.kind, operand.variable.value);
    case Operand::Kind::kSpecial:
      return builder_.constant(Constant::Kind::kSpecial, operand.index);
    case Operand::Kind::kName:
      fail(failed() ? "" : fmt::format("'{}' is not declared", operand.name.substr(0, 80)));
      return 0;
    default:
      fail(fmt::format("{} cannot be a source here", name_of(operand)));
      return 0;
  }
}

uint32_t Decoder::destination_of(const Operand& operand, Type type, Fit fit) {
  if (operand.kind == Operand::Kind::kSink) return builder_.sink_row();
  if (operand.kind != Operand::Kind::kRegister) {
    fail(operand.kind == Operand::Kind::kName ? fmt::format("'{}' is not declared", operand.name.substr(0, 80))
                                              : fmt::format("{} cannot be a destination here", name_of(operand)));
    return 0;
  }
  return source_of(operand, type, fit);
}

uint32_t Decoder::predicate_source() {
  const Operand& operand = next();
  if (operand.kind == Operand::Kind::kPredicate) return operand.index;
  if (operand.kind == Operand::Kind::kNumber && operand.number.kind == Number::Kind::kInteger) {
    return operand.number.bits != 0 ? kAlways : 0;
  }
  fail(fmt::format("{} where a predicate should be", name_of(operand)));
  return 0;
}

uint32_t Decoder::predicate_destination_of(const Operand& operand) {
  if (operand.kind == Operand::Kind::kSink) return builder_.sink_predicate();
  if (operand.kind == Operand::Kind::kPredicate && (operand.index & kNegated) == 0) return operand.index;
  fail(fmt::format("{} where a predicate should be", name_of(operand)));
  return builder_.sink_predicate();
}

uint32_t Decoder::address(Instruction& instruction) {
  const Operand& operand = next();
  if (operand.kind != Operand::Kind::kAddress) {
    fail(fmt::format("{} where an address should be", name_of(operand)));
    return 0;
  }
  instruction.offset = operand.offset;
  const Operand& base = operand.elements[0];
  const bool narrow = instruction.narrow_address = base.kind == Operand::Kind::kRegister && type_bytes(base.type) == 4;
  if (narrow && (instruction.space == Space::kGlobal || instruction.space == Space::kGeneric)) {
    fail("an address of 32 bits in a space of 64");
  }
  return source_of(base, narrow ? Type::kU32 : Type::kU64);
}

std::span<const Operand> Decoder::elements(const Operand& operand, size_t first, size_t count) {
  const size_t most = std::tuple_size_v<decltype(Instruction::operands)>;
  if (operand.kind == Operand::Kind::kVector && operand.elements.size() == count && first + count <= most) {
    return operand.elements;
  }
  fail(fmt::format("a vector of {} operands should be here", count));
  return {};
}

void Decoder::sources(Instruction& instruction, size_t first, size_t count, Type type, Fit fit) {
  const Operand& operand = next();
  if (count == 1 && operand.kind != Operand::Kind::kVector) {
    instruction.operands[first] = source_of(operand, type, fit);
    return;
  }
  for (const Operand& element : elements(operand, first, count)) {
    instruction.operands[first++] = source_of(element, type, fit);
  }
}

void Decoder::destinations(Instruction& instruction, size_t first, size_t count, Type type, Fit fit) {
  const Operand& operand = next();
  if (count == 1 && operand.kind != Operand::Kind::kVector) {
    instruction.operands[first] = destination_of(operand, type, fit);
    return;
  }
  for (const Operand& element : elements(operand, first, count)) {
    instruction.operands[first++] = destination_of(element, type, fit);
  }
}

uint32_t Decoder::literal(uint32_t most) {
  const Operand& operand = next();
  if (operand.kind == Operand::Kind::kNumber && operand.number.kind == Number::Kind::kInteger &&
      operand.number.bits <= most) {
    return static_cast<uint32_t>(operand.number.bits);
  }
  fail(fmt::format("a number from 0 to {} should be here", most));
  return 0;
}

std::string Decoder::full_opcode() const {
  std::string opcode(statement_.opcode);
  for (const std::string_view modifier : statement_.modifiers) opcode.append(".").append(modifier);
  return opcode.substr(0, 120);
}

void Decoder::fail(std::string_view what) {
  if (status_.ok()) status_ = invalid_file("PTX line {}: {}: {}", statement_.line, full_opcode(), what);
}

Status Decoder::finish() {
  std::string unknown;
  for (size_t i = 0; i < statement_.modifiers.size() && unknown.empty(); ++i) {
    if ((taken_ >> i & 1) == 0) unknown = fmt::format("the modifier '.{}' is not known here", statement_.modifiers[i]);
  }
  // A modifier that nobody took is often the reason of a failure further on.
  if (!unknown.empty() && failed()) return {status_.code(), status_.message() + "; " + unknown};
  if (!unknown.empty()) fail(unknown);
  if (has_operand()) fail("an operand is left over");
  return status_;
}

Result<Instruction> decode(FunctionBuilder& builder, const Statement& statement) {
  Decoder decoder(builder, statement);
  Instruction instruction;
  instruction.line = statement.line;
  instruction.guard = statement.guard;
  const Opcode* opcode = find_opcode(statement);
  if (opcode == nullptr || statement.modifiers.size() > 60) {
    return invalid_file("PTX line {}: the instruction '{}' is not known to the interpreter", statement.line,
                        decoder.full_opcode());
  }
  opcode->decode(decoder, instruction);
  HEARTH_RETURN_IF_ERROR(decoder.finish());
  return instruction;
}

}  // namespace hearth::ptx
