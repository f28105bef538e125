#include "emulated_cuda/ptx/parser.h"

namespace hearth::ptx {

Operand FunctionParser::look_up(std::string_view name) const {
  for (size_t scope = scope_; scope != 0; scope = scopes_[scope].parent) {
    if (std::optional<Operand> found = scopes_[scope].scope.find(name)) return *found;
  }
  if (std::optional<Operand> found = module_.variables.find(name)) return *found;
  if (std::optional<Operand> special = special_register(name)) return *special;
  Operand operand;
  operand.name = name;
  if (name == "_") operand.kind = Operand::Kind::kSink;
  if (name == "WARP_SZ") {
    operand.kind = Operand::Kind::kNumber;
    operand.number.bits = kLanes;
  }
  return operand;
}

// Lists are flat in PTX: an element is never a list itself.
Result<Operand> FunctionParser::parse_elements(Operand::Kind kind, std::string_view end) {
  Operand operand;
  operand.kind = kind;
  while (!cursor_.at(end)) {
    HEARTH_ASSIGN_OR_RETURN(Operand element, parse_simple_operand());
    operand.elements.push_back(std::move(element));
    if (operand.elements.size() > 256) return cursor_.unexpected("a shorter list");
    if (!cursor_.take(",")) break;
  }
  HEARTH_RETURN_IF_ERROR(cursor_.expect(end));
  return operand;
}

Result<Operand> FunctionParser::parse_simple_operand() {
  const Token& token = cursor_.peek();
  if (token.kind == TokenKind::kWord) {
    cursor_.next();
    return look_up(token.text);
  }
  if (cursor_.take("!")) {
    HEARTH_ASSIGN_OR_RETURN(const std::string_view name, cursor_.expect_word("a predicate"));
    Operand operand = look_up(name);
    if (operand.kind != Operand::Kind::kPredicate) return cursor_.unexpected("a predicate before this");
    operand.index ^= kNegated;
    return operand;
  }
  Operand operand;
  operand.kind = Operand::Kind::kNumber;
  HEARTH_ASSIGN_OR_RETURN(operand.number, parse_number(cursor_));
  return operand;
}

// "[base]", "[base + 8]", "[base - 8]", "[base + -8]", "[8]".
Result<Operand> FunctionParser::parse_address() {
  Operand operand;
  operand.kind = Operand::Kind::kAddress;
  HEARTH_ASSIGN_OR_RETURN(Operand base, parse_simple_operand());
  operand.elements.push_back(std::move(base));
  if (cursor_.at("+") || cursor_.at("-")) {
    HEARTH_ASSIGN_OR_RETURN(const Number number, parse_number(cursor_));
    if (number.kind != Number::Kind::kInteger) return cursor_.unexpected("an integer before this");
    operand.offset = static_cast<int64_t>(number.bits);
  }
  HEARTH_RETURN_IF_ERROR(cursor_.expect("]"));
  return operand;
}

Result<Operand> FunctionParser::parse_operand() {
  if (cursor_.take("[")) return parse_address();
  if (cursor_.take("{")) return parse_elements(Operand::Kind::kVector, "}");
  if (cursor_.take("(")) return parse_elements(Operand::Kind::kList, ")");
  HEARTH_ASSIGN_OR_RETURN(Operand operand, parse_simple_operand());
  if (!cursor_.take("|")) return operand;
  Operand pair;
  pair.kind = Operand::Kind::kPair;
  pair.elements.push_back(std::move(operand));
  HEARTH_ASSIGN_OR_RETURN(Operand second, parse_simple_operand());
  pair.elements.push_back(std::move(second));
  return pair;
}

}  // namespace hearth::ptx
