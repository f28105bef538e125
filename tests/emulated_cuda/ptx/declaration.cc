#include <bit>
#include <cstring>

#include "emulated_cuda/ptx/parser.h"

namespace hearth::ptx {
namespace {

Result<size_t> parse_alignment(TokenCursor& cursor) {
  const uint32_t line = cursor.line();
  HEARTH_ASSIGN_OR_RETURN(const uint64_t alignment, parse_size(cursor, 4096));
  if (std::has_single_bit(alignment)) return static_cast<size_t>(alignment);
  return invalid_file("PTX line {}: the alignment {} is no power of two", line, alignment);
}

// ".align 4 .v2 .b8 .ptr .global .align 1", in the order in which they stand. ".ptr" says where a pointer points to and
// how its target is aligned, which tells nothing of the variable itself.
Status parse_type(TokenCursor& cursor, Type& type, size_t& elements, size_t& alignment) {
  bool typed = false;
  bool of_target = false;
  while (cursor.peek().kind == TokenKind::kWord && cursor.peek().text.starts_with('.')) {
    const Token token = cursor.next();
    if (token.text == ".align") {
      HEARTH_ASSIGN_OR_RETURN(const size_t given, parse_alignment(cursor));
      if (!of_target) alignment = given;
    } else if (token.text == ".v2" || token.text == ".v4") {
      elements = token.text == ".v2" ? 2 : 4;
    } else if (token.text == ".ptr") {
      of_target = true;
    } else if (of_target && space_named(token.text.substr(1))) {
      continue;
    } else if (const std::optional<Type> named = type_named(token.text.substr(1)); named && !typed) {
      type = *named;
      typed = true;
    } else {
      return invalid_file("PTX line {}: '{}' is not known in a declaration", token.line, token.text.substr(0, 80));
    }
  }
  if (!typed || type_bytes(type) == 0) return cursor.unexpected("a type that variables can have");
  return {};
}

Status append_value(TokenCursor& cursor, Type type, std::vector<std::byte>& bytes) {
  if (cursor.peek().kind == TokenKind::kWord) {
    return invalid_file("PTX line {}: addresses in initialisers are not known to the interpreter", cursor.line());
  }
  HEARTH_ASSIGN_OR_RETURN(Number number, parse_number(cursor));
  if (type == Type::kF64) number.bits = std::bit_cast<uint64_t>(value_of(number));
  if (type == Type::kF32 && number.kind != Number::Kind::kFloat32) {
    number.bits = std::bit_cast<uint32_t>(static_cast<float>(value_of(number)));
  }
  for (size_t i = 0; i < type_bytes(type); ++i) {
    bytes.push_back(static_cast<std::byte>(i < 8 ? number.bits >> (8 * i) & 0xFF : 0));
  }
  return {};
}

// Nested braces of arrays of arrays are read as one list; each list must then be complete, which nvcc's are.
Status parse_initial(TokenCursor& cursor, Type type, size_t most, std::vector<std::byte>& bytes) {
  size_t depth = 0;
  do {
    if (cursor.take("{")) {
      if (++depth > 8) return cursor.unexpected("a value");
    } else if (cursor.take("}")) {
      if (depth-- == 0) return cursor.unexpected("a value");
    } else {
      if (bytes.size() >= most) return invalid_file("PTX line {}: the initialiser is too long", cursor.line());
      HEARTH_RETURN_IF_ERROR(append_value(cursor, type, bytes));
    }
    if (depth > 0) cursor.take(",");
  } while (depth > 0);
  return {};
}

Status place(Scope& scope, const Declaration& declaration, const Variable& variable, uint32_t line) {
  if (scope.declare_variable(declaration.name, variable)) return {};
  return invalid_file("PTX line {}: '{}' is declared twice", line, declaration.name);
}

}  // namespace

Result<Declaration> parse_declaration(TokenCursor& cursor) {
  Declaration declaration;
  Type type = Type::kB8;
  size_t elements = 1;
  size_t alignment = 0;
  HEARTH_RETURN_IF_ERROR(parse_type(cursor, type, elements, alignment));
  declaration.alignment = alignment != 0 ? alignment : type_bytes(type) * elements;
  HEARTH_ASSIGN_OR_RETURN(declaration.name, cursor.expect_word("a variable's name"));
  uint64_t bytes = type_bytes(type) * elements;
  while (cursor.take("[")) {
    const uint32_t line = cursor.line();
    uint64_t count = 0;
    if (!cursor.at("]")) {
      HEARTH_ASSIGN_OR_RETURN(count, parse_size(cursor, kMostVariableBytes));
    }
    bytes *= count;
    if (bytes > kMostVariableBytes) return invalid_file("PTX line {}: '{}' is too large", line, declaration.name);
    HEARTH_RETURN_IF_ERROR(cursor.expect("]"));
  }
  declaration.bytes = bytes;
  if (cursor.take("=")) {
    HEARTH_RETURN_IF_ERROR(parse_initial(cursor, type, bytes == 0 ? kMostVariableBytes : bytes, declaration.initial));
    if (bytes == 0) declaration.bytes = declaration.initial.size();
  }
  return declaration;
}

Status ModuleScope::declare_global(Scope& scope, Space space, const Declaration& declaration, uint32_t line) {
  if (declaration.bytes == 0) return invalid_file("PTX line {}: '{}' has no size", line, declaration.name);
  Global global{std::string(declaration.name), space, declaration.bytes, declaration.alignment, declaration.initial};
  global.initial.resize(declaration.bytes);
  globals.push_back(std::move(global));
  return place(scope, declaration, {space, Constant::Kind::kGlobal, globals.size() - 1, declaration.bytes}, line);
}

Status ModuleScope::declare_shared(Scope& scope, size_t& end, Constant::Kind kind, const Declaration& declaration,
                                   uint32_t line) {
  if (!declaration.initial.empty()) {
    return invalid_file("PTX line {}: the shared variable '{}' has an initialiser", line, declaration.name);
  }
  if (declaration.bytes == 0) {
    return place(scope, declaration, {Space::kShared, Constant::Kind::kDynamicShared, 0, 0}, line);
  }
  const size_t offset = align_up(end, declaration.alignment);
  if (offset + declaration.bytes > kMostFunctionBytes) {
    return invalid_file("PTX line {}: '{}' does not fit into shared memory", line, declaration.name);
  }
  end = offset + declaration.bytes;
  return place(scope, declaration, {Space::kShared, kind, offset, declaration.bytes}, line);
}

}  // namespace hearth::ptx
