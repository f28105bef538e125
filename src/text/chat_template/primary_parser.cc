// The inner half of ExpressionParser: literals, names, and what follows them.

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <utility>

#include "base/errors.h"
#include "text/chat_template/builtins.h"
#include "text/chat_template/expression_parser.h"

namespace hearth::jinja {
namespace {

using Kind = Expression::Kind;

Result<Value> integer_value(const Token& token) {
  std::string_view digits = token.text;
  int base = 10;
  if (digits.size() > 2 && digits[0] == '0') {
    const char letter = static_cast<char>(digits[1] | 0x20);
    base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
    if (base != 10) digits.remove_prefix(2);
  }
  int64_t number = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (failure != std::errc()) return syntax_error(token.position, "the number does not fit in 64 bits");
  return Value(number);
}

std::optional<Value> named_constant(std::string_view name) {
  if (name == "true" || name == "True") return Value(true);
  if (name == "false" || name == "False") return Value(false);
  if (name == "none" || name == "None") return Value();
  return std::nullopt;
}

}  // namespace

Result<ExpressionPointer> ExpressionParser::parse_number() {
  const Token token = tokens_.take();
  Expression node = make_node(Kind::kConstant, token.position);
  if (token.kind == Token::Kind::kInteger) {
    HEARTH_ASSIGN_OR_RETURN(node.constant, integer_value(token));
  } else {
    double number = 0;
    std::from_chars(token.text.data(), token.text.data() + token.text.size(), number);
    node.constant = Value(number);
  }
  return finish(std::move(node));
}

Result<ExpressionPointer> ExpressionParser::parse_primary() {
  const Token token = tokens_.current();
  if (token.kind == Token::Kind::kInteger || token.kind == Token::Kind::kFloat) return parse_number();
  if (token.is_operator("[")) return parse_list();
  if (token.is_operator("{")) return parse_dictionary();
  if (token.is_operator("(")) {
    tokens_.take();
    HEARTH_ASSIGN_OR_RETURN(ExpressionPointer inner, parse_tuple(true, true));
    HEARTH_RETURN_IF_ERROR(tokens_.expect_operator(")"));
    return inner;
  }
  Expression node = make_node(Kind::kConstant, token.position);
  if (token.kind == Token::Kind::kString) {
    std::string text;
    while (tokens_.current().kind == Token::Kind::kString) text += tokens_.take().text;
    node.constant = make_text(text, true);
    return finish(std::move(node));
  }
  if (token.kind != Token::Kind::kName) return tokens_.unexpected("an expression");
  tokens_.take();
  if (std::optional<Value> constant = named_constant(token.text)) {
    node.constant = *std::move(constant);
    return finish(std::move(node));
  }
  node.kind = Kind::kName;
  node.name = token.text;
  special_names.varargs |= token.text == "varargs";
  special_names.kwargs |= token.text == "kwargs";
  special_names.caller |= token.text == "caller";
  return finish(std::move(node));
}

Result<ExpressionPointer> ExpressionParser::parse_list() {
  Expression node = make_node(Kind::kList, tokens_.take().position);
  while (!tokens_.current().is_operator("]")) {
    HEARTH_ASSIGN_OR_RETURN(ExpressionPointer item, parse());
    node.children.push_back(std::move(item));
    if (!tokens_.take_if_operator(",")) break;
  }
  HEARTH_RETURN_IF_ERROR(tokens_.expect_operator("]"));
  return finish(std::move(node));
}

Result<ExpressionPointer> ExpressionParser::parse_dictionary() {
  Expression node = make_node(Kind::kDictionary, tokens_.take().position);
  while (!tokens_.current().is_operator("}")) {
    HEARTH_ASSIGN_OR_RETURN(ExpressionPointer key, parse());
    HEARTH_RETURN_IF_ERROR(tokens_.expect_operator(":"));
    HEARTH_ASSIGN_OR_RETURN(ExpressionPointer value, parse());
    node.children.push_back(std::move(key));
    node.children.push_back(std::move(value));
    if (!tokens_.take_if_operator(",")) break;
  }
  HEARTH_RETURN_IF_ERROR(tokens_.expect_operator("}"));
  return finish(std::move(node));
}

Result<ExpressionPointer> ExpressionParser::parse_postfix(ExpressionPointer node) {
  while (true) {
    if (tokens_.current().is_operator(".")) {
      HEARTH_ASSIGN_OR_RETURN(node, parse_attribute(std::move(node)));
    } else if (tokens_.current().is_operator("[")) {
      HEARTH_ASSIGN_OR_RETURN(node, parse_subscript(std::move(node)));
    } else if (tokens_.current().is_operator("(")) {
      HEARTH_ASSIGN_OR_RETURN(node, parse_call(std::move(node)));
    } else {
      return node;
    }
  }
}

Result<ExpressionPointer> ExpressionParser::parse_filters_and_tests(ExpressionPointer node) {
  while (true) {
    if (tokens_.take_if_operator("|")) {
      HEARTH_ASSIGN_OR_RETURN(node, parse_filters(std::move(node)));
    } else if (tokens_.current().is_name("is")) {
      HEARTH_ASSIGN_OR_RETURN(node, parse_test(std::move(node)));
    } else if (tokens_.current().is_operator("(")) {
      HEARTH_ASSIGN_OR_RETURN(node, parse_call(std::move(node)));
    } else {
      return node;
    }
  }
}

Result<ExpressionPointer> ExpressionParser::parse_attribute(ExpressionPointer node) {
  const Position position = tokens_.take().position;
  if (tokens_.current().kind == Token::Kind::kInteger) {
    HEARTH_ASSIGN_OR_RETURN(ExpressionPointer index, parse_number());
    return finish(make_node(Kind::kItem, position, std::move(node), std::move(index)));
  }
  HEARTH_ASSIGN_OR_RETURN(std::string name, tokens_.expect_identifier());
  Expression attribute = make_node(Kind::kAttribute, position, std::move(node));
  attribute.name = std::move(name);
  return finish(std::move(attribute));
}

Status ExpressionParser::parse_slice_part(ExpressionPointer& part) {
  if (tokens_.current().is_operator(":") || tokens_.current().is_operator("]")) return {};
  HEARTH_ASSIGN_OR_RETURN(part, parse());
  return {};
}

Result<ExpressionPointer> ExpressionParser::parse_subscript(ExpressionPointer node) {
  const Position position = tokens_.take().position;
  if (tokens_.current().is_operator("]")) return tokens_.unexpected("an index");
  ExpressionPointer start;
  HEARTH_RETURN_IF_ERROR(parse_slice_part(start));
  if (tokens_.current().is_operator(",")) return tokens_.fail("an index of several parts is not supported");
  if (!tokens_.take_if_operator(":")) {
    HEARTH_RETURN_IF_ERROR(tokens_.expect_operator("]"));
    return finish(make_node(Kind::kItem, position, std::move(node), std::move(start)));
  }
  ExpressionPointer stop;
  ExpressionPointer step;
  HEARTH_RETURN_IF_ERROR(parse_slice_part(stop));
  if (tokens_.take_if_operator(":")) HEARTH_RETURN_IF_ERROR(parse_slice_part(step));
  HEARTH_RETURN_IF_ERROR(tokens_.expect_operator("]"));
  return finish(make_node(Kind::kSlice, position, std::move(node), std::move(start), std::move(stop), std::move(step)));
}

Status ExpressionParser::parse_argument(CallArguments& arguments) {
  Status misplaced = tokens_.fail("this argument must stand before those with names and stars");
  if (tokens_.take_if_operator("*")) {
    if (arguments.more_positional || arguments.more_named) return misplaced;
    HEARTH_ASSIGN_OR_RETURN(arguments.more_positional, parse());
  } else if (tokens_.take_if_operator("**")) {
    if (arguments.more_named) return misplaced;
    HEARTH_ASSIGN_OR_RETURN(arguments.more_named, parse());
  } else if (tokens_.current().kind == Token::Kind::kName && tokens_.following().is_operator("=")) {
    if (arguments.more_named) return misplaced;
    std::string name = tokens_.take().text;
    tokens_.take();
    HEARTH_ASSIGN_OR_RETURN(ExpressionPointer value, parse());
    arguments.named.emplace_back(std::move(name), std::move(value));
  } else {
    if (arguments.more_positional || arguments.more_named || !arguments.named.empty()) return misplaced;
    HEARTH_ASSIGN_OR_RETURN(ExpressionPointer value, parse());
    arguments.positional.push_back(std::move(value));
  }
  return {};
}

Status ExpressionParser::parse_arguments(CallArguments& arguments) {
  HEARTH_RETURN_IF_ERROR(tokens_.expect_operator("("));
  while (!tokens_.current().is_operator(")")) {
    HEARTH_RETURN_IF_ERROR(parse_argument(arguments));
    if (!tokens_.take_if_operator(",")) break;
  }
  return tokens_.expect_operator(")");
}

Result<ExpressionPointer> ExpressionParser::parse_call(ExpressionPointer node) {
  Expression call = make_node(Kind::kCall, tokens_.current().position, std::move(node));
  HEARTH_RETURN_IF_ERROR(parse_arguments(call.arguments));
  return finish(std::move(call));
}

Result<ExpressionPointer> ExpressionParser::parse_filters(ExpressionPointer input) {
  do {
    Expression filter = make_node(Kind::kFilter, tokens_.current().position, std::move(input));
    HEARTH_ASSIGN_OR_RETURN(filter.name, tokens_.expect_identifier());
    if (!find_filter(filter.name)) {
      return syntax_error(filter.position, fmt::format("there is no filter '{}'", filter.name));
    }
    if (tokens_.current().is_operator("(")) HEARTH_RETURN_IF_ERROR(parse_arguments(filter.arguments));
    HEARTH_ASSIGN_OR_RETURN(input, finish(std::move(filter)));
  } while (tokens_.take_if_operator("|"));
  return input;
}

bool ExpressionParser::at_test_argument() const {
  const Token& token = tokens_.current();
  switch (token.kind) {
    case Token::Kind::kName:
      return !tokens_.at_any_name({"else", "or", "and"});
    case Token::Kind::kString:
    case Token::Kind::kInteger:
    case Token::Kind::kFloat:
      return true;
    default:
      return token.is_operator("[") || token.is_operator("{");
  }
}

Result<ExpressionPointer> ExpressionParser::parse_test(ExpressionPointer node) {
  const Position position = tokens_.take().position;
  const bool negated = tokens_.take_if_name("not");
  Expression test = make_node(Kind::kTest, position, std::move(node));
  HEARTH_ASSIGN_OR_RETURN(test.name, tokens_.expect_identifier());
  if (!find_test(test.name)) return syntax_error(position, fmt::format("there is no test '{}'", test.name));
  if (tokens_.current().is_operator("(")) {
    HEARTH_RETURN_IF_ERROR(parse_arguments(test.arguments));
  } else if (at_test_argument()) {
    if (tokens_.current().is_name("is")) return tokens_.fail("a test cannot follow a test: use 'and'");
    HEARTH_ASSIGN_OR_RETURN(ExpressionPointer argument, parse_primary());
    HEARTH_ASSIGN_OR_RETURN(argument, parse_postfix(std::move(argument)));
    test.arguments.positional.push_back(std::move(argument));
  }
  HEARTH_ASSIGN_OR_RETURN(ExpressionPointer result, finish(std::move(test)));
  return negated ? finish(make_node(Kind::kNot, position, std::move(result))) : std::move(result);
}

}  // namespace hearth::jinja
