#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/errors.h"
#include "emulated_cuda/ptx/floating_point.h"
#include "emulated_cuda/ptx/function_builder.h"
#include "emulated_cuda/ptx/statement.h"

namespace hearth::ptx {

/// Takes a statement apart for the decoder of its opcode: modifiers by name, operands one after the other. The first
/// failure is kept and everything after it gives harmless values, so that a decoder need not check each step.
class Decoder {
 public:
  /// Whether a register must have the size of the operand's type, or may be wider, as in loads and conversions.
  enum class Fit : uint8_t { kExact, kWider };

  Decoder(FunctionBuilder& builder, const Statement& statement) : builder_(builder), statement_(statement) {}

  // Modifiers.
  bool take(std::string_view modifier);
  /// Takes each of these that is there; for hints that change no result.
  void ignore(std::initializer_list<std::string_view> modifiers);
  void ignore_prefix(std::string_view prefix);
  /// The next modifier that names a type.
  std::optional<Type> take_type();
  Type require_type();
  /// A type that must be one of these.
  Type require_type(std::initializer_list<Type> allowed);
  /// .rn .rz .rm .rp, or nothing.
  std::optional<Rounding> take_rounding();
  std::optional<Space> take_space();
  /// .v2 .v4 .v8, or 1.
  uint8_t take_vector();

  // Operands.
  bool has_operand() const { return at_ < statement_.operands.size(); }
  const Operand& peek() const;
  const Operand& next();
  uint32_t source(Type type, Fit fit = Fit::kExact) { return source_of(next(), type, fit); }
  uint32_t source_of(const Operand& operand, Type type, Fit fit = Fit::kExact);
  /// A register of `bytes` (or more where the fit says so) to write to.
  uint32_t destination(Type type, Fit fit = Fit::kExact) { return destination_of(next(), type, fit); }
  uint32_t destination_of(const Operand& operand, Type type, Fit fit = Fit::kExact);
  uint32_t predicate_source();
  uint32_t predicate_destination() { return predicate_destination_of(next()); }
  uint32_t predicate_destination_of(const Operand& operand);
  /// An address: sets the instruction's offset and gives the row of the base.
  uint32_t address(Instruction& instruction);
  /// `count` operands of a vector, or one without braces when count is 1, into instruction.operands from `first` on.
  void sources(Instruction& instruction, size_t first, size_t count, Type type, Fit fit = Fit::kExact);
  void destinations(Instruction& instruction, size_t first, size_t count, Type type, Fit fit = Fit::kExact);
  /// An integer literal in [0, most].
  uint32_t literal(uint32_t most);

  /// Keeps the first failure: "PTX line 7: mul.f31: …".
  void fail(std::string_view what);
  bool failed() const { return !status_.ok(); }
  /// What went wrong, or that a modifier or operand was left over.
  Status finish();

  FunctionBuilder& builder() { return builder_; }
  const Statement& statement() const { return statement_; }
  /// The whole opcode as written: "ld.global.v4.b32".
  std::string full_opcode() const;

 private:
  std::span<const Operand> elements(const Operand& operand, size_t first, size_t count);

  FunctionBuilder& builder_;
  const Statement& statement_;
  uint64_t taken_ = 0;  // One bit for each modifier.
  size_t at_ = 0;
  Status status_;
};

/// What the last type among an opcode's modifiers is; an opcode may mean different instructions.
enum class Accepts : uint8_t { kAnything, kPredicate, kInteger, kFloat, kHalf };

struct Opcode {
  std::string_view name;
  Accepts accepts;
  void (*decode)(Decoder& decoder, Instruction& instruction);
};

// One list for each family, beside its instructions.
std::span<const Opcode> integer_arithmetic_opcodes();
std::span<const Opcode> bit_opcodes();
std::span<const Opcode> float_arithmetic_opcodes();
std::span<const Opcode> approximation_opcodes();
std::span<const Opcode> half_arithmetic_opcodes();
std::span<const Opcode> comparison_opcodes();
std::span<const Opcode> conversion_opcodes();
std::span<const Opcode> move_opcodes();
std::span<const Opcode> memory_opcodes();
std::span<const Opcode> atomic_opcodes();
std::span<const Opcode> async_copy_opcodes();
std::span<const Opcode> matrix_opcodes();
std::span<const Opcode> warp_opcodes();
std::span<const Opcode> barrier_opcodes();
std::span<const Opcode> control_opcodes();

/// Decodes a statement that is no branch or call, which only the function's parser can decode.
Result<Instruction> decode(FunctionBuilder& builder, const Statement& statement);

}  // namespace hearth::ptx
