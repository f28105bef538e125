#pragma once

#include <initializer_list>
#include <optional>
#include <string>

#include "hearth/status.h"
#include "text/chat_template/syntax_tree.h"
#include "text/chat_template/token_stream.h"

namespace hearth::jinja {

/// Reads expressions from a stream of tokens, each function one level of precedence. The limit of depth holds for the
/// nesting of what is read and of the tree that is made.
class ExpressionParser {
 public:
  ExpressionParser(TokenStream& tokens, size_t depth_limit) : tokens_(tokens), depth_limit_(depth_limit) {}

  /// A whole expression, with `if` and `else`.
  Result<ExpressionPointer> parse();
  /// One or more expressions with commas between them make a tuple. Without `conditional`, an `if` ends it.
  Result<ExpressionPointer> parse_tuple(bool conditional = true, bool may_be_empty = false);
  /// A chain of filters for what is not written before them; `name | name(…)`.
  Result<ExpressionPointer> parse_filters(ExpressionPointer input);

  /// Which of these names were read; whoever wants to know clears it before.
  struct SpecialNames {
    bool varargs = false;
    bool kwargs = false;
    bool caller = false;
  };
  SpecialNames special_names;

 private:
  class Level;
  using Parse = Result<ExpressionPointer> (ExpressionParser::*)();

  Result<ExpressionPointer> parse_or();
  Result<ExpressionPointer> parse_and();
  Result<ExpressionPointer> parse_not();
  Result<ExpressionPointer> parse_comparison();
  Result<ExpressionPointer> parse_sum();
  Result<ExpressionPointer> parse_concatenation();
  Result<ExpressionPointer> parse_product();
  Result<ExpressionPointer> parse_power();
  Result<ExpressionPointer> parse_unary(bool with_filters);
  Result<ExpressionPointer> parse_filtered_unary() { return parse_unary(true); }
  Result<ExpressionPointer> parse_primary();
  Result<ExpressionPointer> parse_number();
  Result<ExpressionPointer> parse_list();
  Result<ExpressionPointer> parse_dictionary();
  Result<ExpressionPointer> parse_postfix(ExpressionPointer node);
  Result<ExpressionPointer> parse_filters_and_tests(ExpressionPointer node);
  Result<ExpressionPointer> parse_attribute(ExpressionPointer node);
  Result<ExpressionPointer> parse_subscript(ExpressionPointer node);
  Result<ExpressionPointer> parse_call(ExpressionPointer node);
  Result<ExpressionPointer> parse_test(ExpressionPointer node);
  Result<ExpressionPointer> parse_left_to_right(
      Parse operand, std::initializer_list<std::pair<const char*, BinaryOperator>> operators);
  Status parse_arguments(CallArguments& arguments);
  Status parse_argument(CallArguments& arguments);
  Status parse_slice_part(ExpressionPointer& part);
  std::optional<Comparison> take_comparison();
  bool at_test_argument() const;
  bool at_tuple_end() const;
  Result<ExpressionPointer> finish(Expression node) const;

  TokenStream& tokens_;
  size_t depth_limit_;
  size_t depth_ = 0;
};

/// A node of `kind` at `position` with these children.
Expression make_node(Expression::Kind kind, Position position);
template <typename... Children>
Expression make_node(Expression::Kind kind, Position position, Children... children) {
  Expression node = make_node(kind, position);
  (node.children.push_back(std::move(children)), ...);
  return node;
}

}  // namespace hearth::jinja
