#include "text/chat_template/expression_parser.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/errors.h"

namespace hearth::jinja {

using Kind = Expression::Kind;

/// One level of the parser's own recursion.
class ExpressionParser::Level {
 public:
  explicit Level(ExpressionParser& parser) : parser_(parser) { ++parser_.depth_; }
  ~Level() { --parser_.depth_; }
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;
  Status check() const {
    if (parser_.depth_ <= parser_.depth_limit_) return {};
    return parser_.tokens_.fail("the expression is nested too deeply; raise TemplateLimits::depth if it is trusted");
  }

 private:
  ExpressionParser& parser_;
};

Expression make_node(Expression::Kind kind, Position position) {
  Expression node;
  node.kind = kind;
  node.position = position;
  return node;
}

Result<ExpressionPointer> ExpressionParser::finish(Expression node) const {
  const auto include = [&](const ExpressionPointer& child) {
    if (child) node.depth = std::max(node.depth, child->depth + 1);
  };
  std::ranges::for_each(node.children, include);
  std::ranges::for_each(node.arguments.positional, include);
  for (const auto& [name, value] : node.arguments.named) include(value);
  include(node.arguments.more_positional);
  include(node.arguments.more_named);
  if (node.depth > depth_limit_) {
    return syntax_error(node.position,
                        "the expression is nested too deeply; raise TemplateLimits::depth if it is trusted");
  }
  return ExpressionPointer(std::make_unique<const Expression>(std::move(node)));
}

Result<ExpressionPointer> ExpressionParser::parse() {
  const Level level(*this);
  HEARTH_RETURN_IF_ERROR(level.check());
  HEARTH_ASSIGN_OR_RETURN(ExpressionPointer value, parse_or());
  while (tokens_.current().is_name("if")) {
    const Position position = tokens_.take().position;
    HEARTH_ASSIGN_OR_RETURN(ExpressionPointer condition, parse_or());
    ExpressionPointer otherwise;
    if (tokens_.take_if_name("else")) {
      HEARTH_ASSIGN_OR_RETURN(otherwise, parse());
    }
    HEARTH_ASSIGN_OR_RETURN(value, finish(make_node(Kind::kConditional, position, std::move(condition),
                                                    std::move(value), std::move(otherwise))));
  }
  return value;
}

bool ExpressionParser::at_tuple_end() const {
  const Token& token = tokens_.current();
  return token.kind == Token::Kind::kPrintEnd || token.kind == Token::Kind::kBlockEnd || token.is_operator(")");
}

Result<ExpressionPointer> ExpressionParser::parse_tuple(bool conditional, bool may_be_empty) {
  Expression tuple = make_node(Kind::kTuple, tokens_.current().position);
  bool has_comma = false;
  while (!at_tuple_end()) {
    HEARTH_ASSIGN_OR_RETURN(ExpressionPointer item, conditional ? parse() : parse_or());
    tuple.children.push_back(std::move(item));
    if (!tokens_.take_if_operator(",")) break;
    has_comma = true;
  }
  if (tuple.children.empty() && !may_be_empty) return tokens_.unexpected("an expression");
  if (tuple.children.size() == 1 && !has_comma) return std::move(tuple.children[0]);
  return finish(std::move(tuple));
}

Result<ExpressionPointer> ExpressionParser::parse_or() {
  HEARTH_ASSIGN_OR_RETURN(ExpressionPointer left, parse_and());
  while (tokens_.current().is_name("or")) {
    const Position position = tokens_.take().position;
    HEARTH_ASSIGN_OR_RETURN(ExpressionPointer right, parse_and());
    HEARTH_ASSIGN_OR_RETURN(left, finish(make_node(Kind::kOr, position, std::move(left), std::move(right))));
  }
  return left;
}

Result<ExpressionPointer> ExpressionParser::parse_and() {
  HEARTH_ASSIGN_OR_RETURN(ExpressionPointer left, parse_not());
  while (tokens_.current().is_name("and")) {
    const Position position = tokens_.take().position;
    HEARTH_ASSIGN_OR_RETURN(ExpressionPointer right, parse_not());
    HEARTH_ASSIGN_OR_RETURN(left, finish(make_node(Kind::kAnd, position, std::move(left), std::move(right))));
  }
  return left;
}

Result<ExpressionPointer> ExpressionParser::parse_not() {
  const Level level(*this);
  HEARTH_RETURN_IF_ERROR(level.check());
  if (!tokens_.current().is_name("not")) return parse_comparison();
  const Position position = tokens_.take().position;
  HEARTH_ASSIGN_OR_RETURN(ExpressionPointer value, parse_not());
  return finish(make_node(Kind::kNot, position, std::move(value)));
}

std::optional<Comparison> ExpressionParser::take_comparison() {
  static constexpr std::pair<const char*, Comparison> kOperators[] = {
      {"==", Comparison::kEqual},     {"!=", Comparison::kNotEqual}, {"<", Comparison::kLess},
      {"<=", Comparison::kLessEqual}, {">", Comparison::kGreater},   {">=", Comparison::kGreaterEqual}};
  for (const auto& [characters, comparison] : kOperators) {
    if (tokens_.take_if_operator(characters)) return comparison;
  }
  if (tokens_.take_if_name("in")) return Comparison::kIn;
  if (tokens_.current().is_name("not") && tokens_.following().is_name("in")) {
    tokens_.take();
    tokens_.take();
    return Comparison::kNotIn;
  }
  return std::nullopt;
}

Result<ExpressionPointer> ExpressionParser::parse_comparison() {
  const Position position = tokens_.current().position;
  HEARTH_ASSIGN_OR_RETURN(ExpressionPointer first, parse_sum());
  Expression node = make_node(Kind::kCompare, position, std::move(first));
  while (const std::optional<Comparison> comparison = take_comparison()) {
    HEARTH_ASSIGN_OR_RETURN(ExpressionPointer operand, parse_sum());
    node.comparisons.push_back(*comparison);
    node.children.push_back(std::move(operand));
  }
  if (node.comparisons.empty()) return std::move(node.children[0]);
  return finish(std::move(node));
}

Result<ExpressionPointer> ExpressionParser::parse_left_to_right(
    Parse operand, std::initializer_list<std::pair<const char*, BinaryOperator>> operators) {
  HEARTH_ASSIGN_OR_RETURN(ExpressionPointer left, (this->*operand)());
  while (true) {
    const auto* found = std::ranges::find_if(
        operators, [&](const auto& candidate) { return tokens_.current().is_operator(candidate.first); });
    if (found == operators.end()) return left;
    const Position position = tokens_.take().position;
    HEARTH_ASSIGN_OR_RETURN(ExpressionPointer right, (this->*operand)());
    Expression node = make_node(Kind::kBinary, position, std::move(left), std::move(right));
    node.operation = found->second;
    HEARTH_ASSIGN_OR_RETURN(left, finish(std::move(node)));
  }
}

Result<ExpressionPointer> ExpressionParser::parse_sum() {
  return parse_left_to_right(&ExpressionParser::parse_concatenation,
                             {{"+", BinaryOperator::kAdd}, {"-", BinaryOperator::kSubtract}});
}

Result<ExpressionPointer> ExpressionParser::parse_concatenation() {
  const Position position = tokens_.current().position;
  HEARTH_ASSIGN_OR_RETURN(ExpressionPointer first, parse_product());
  Expression node = make_node(Kind::kConcatenate, position, std::move(first));
  while (tokens_.take_if_operator("~")) {
    HEARTH_ASSIGN_OR_RETURN(ExpressionPointer next, parse_product());
    node.children.push_back(std::move(next));
  }
  if (node.children.size() == 1) return std::move(node.children[0]);
  return finish(std::move(node));
}

Result<ExpressionPointer> ExpressionParser::parse_product() {
  return parse_left_to_right(&ExpressionParser::parse_power, {{"*", BinaryOperator::kMultiply},
                                                              {"/", BinaryOperator::kDivide},
                                                              {"//", BinaryOperator::kFloorDivide},
                                                              {"%", BinaryOperator::kModulo}});
}

Result<ExpressionPointer> ExpressionParser::parse_power() {
  return parse_left_to_right(&ExpressionParser::parse_filtered_unary, {{"**", BinaryOperator::kPower}});
}

Result<ExpressionPointer> ExpressionParser::parse_unary(bool with_filters) {
  const Level level(*this);
  HEARTH_RETURN_IF_ERROR(level.check());
  ExpressionPointer node;
  if (tokens_.current().is_operator("-") || tokens_.current().is_operator("+")) {
    const Token sign = tokens_.take();
    HEARTH_ASSIGN_OR_RETURN(ExpressionPointer operand, parse_unary(false));
    const Kind kind = sign.text == "-" ? Kind::kNegative : Kind::kPositive;
    HEARTH_ASSIGN_OR_RETURN(node, finish(make_node(kind, sign.position, std::move(operand))));
  } else {
    HEARTH_ASSIGN_OR_RETURN(node, parse_primary());
  }
  HEARTH_ASSIGN_OR_RETURN(node, parse_postfix(std::move(node)));
  return with_filters ? parse_filters_and_tests(std::move(node)) : std::move(node);
}

}  // namespace hearth::jinja
