#include "text/chat_template/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/errors.h"
#include "text/chat_template/expression_parser.h"
#include "text/chat_template/lexer.h"

namespace hearth::jinja {
namespace {

using Kind = Statement::Kind;
using Names = std::vector<const char*>;
using StatementPointer = std::unique_ptr<Statement>;

constexpr std::array<std::string_view, 9> kUnsupported = {"block", "extends",    "include", "import", "from",
                                                          "do",    "autoescape", "print",   "trans"};

StatementPointer make_statement(Kind kind, Position position) {
  auto statement = std::make_unique<Statement>();
  statement->kind = kind;
  statement->position = position;
  return statement;
}

class Parser {
 public:
  Parser(std::vector<Token> tokens, size_t depth_limit)
      : tokens_(std::move(tokens)), expressions_(tokens_, depth_limit), depth_limit_(depth_limit) {}

  Result<Body> run() {
    HEARTH_ASSIGN_OR_RETURN(Body body, parse_body({}));
    return body;
  }

 private:
  using Parse = Result<StatementPointer> (Parser::*)(Position);

  /// Statements up to one of these tags, at whose name it stops; without any, up to the end of the template.
  Result<Body> parse_body(const Names& ends) {
    if (++depth_ > depth_limit_) {
      return tokens_.fail("blocks are nested too deeply; raise TemplateLimits::depth if the template is trusted");
    }
    Body body;
    while (true) {
      const Token token = tokens_.take();
      if (token.kind == Token::Kind::kEnd) {
        if (ends.empty()) break;
        return tokens_.unexpected(fmt::format("{{% {} %}}", fmt::join(ends, " or ")));
      }
      if (token.kind == Token::Kind::kBlockBegin && tokens_.at_any_name(ends)) break;
      HEARTH_ASSIGN_OR_RETURN(StatementPointer statement, parse_piece(token));
      body.push_back(std::move(statement));
    }
    --depth_;
    return body;
  }

  /// The body after the tag that is being read, from the tag's end on.
  Result<Body> parse_block(const Names& ends) {
    tokens_.take_if_operator(":");
    HEARTH_RETURN_IF_ERROR(tokens_.expect(Token::Kind::kBlockEnd, "'%}'"));
    return parse_body(ends);
  }
  /// The same with a single end, which is read as well.
  Result<Body> parse_whole_block(const char* end) {
    HEARTH_ASSIGN_OR_RETURN(Body body, parse_block({end}));
    HEARTH_RETURN_IF_ERROR(tokens_.expect_name(end));
    return body;
  }

  Result<StatementPointer> parse_piece(const Token& token) {
    if (token.kind == Token::Kind::kData) {
      StatementPointer text = make_statement(Kind::kText, token.position);
      text->text = make_text(token.text, true);
      return text;
    }
    if (token.kind == Token::Kind::kPrintBegin) {
      StatementPointer print = make_statement(Kind::kPrint, token.position);
      HEARTH_ASSIGN_OR_RETURN(print->expression, expressions_.parse_tuple());
      HEARTH_RETURN_IF_ERROR(tokens_.expect(Token::Kind::kPrintEnd, "'}}'"));
      return print;
    }
    HEARTH_ASSIGN_OR_RETURN(StatementPointer statement, parse_statement());
    HEARTH_RETURN_IF_ERROR(tokens_.expect(Token::Kind::kBlockEnd, "'%}'"));
    return statement;
  }

  Result<StatementPointer> parse_statement() {
    static constexpr std::pair<std::string_view, Parse> kTags[] = {
        {"for", &Parser::parse_for},     {"if", &Parser::parse_if},
        {"set", &Parser::parse_set},     {"macro", &Parser::parse_macro},
        {"call", &Parser::parse_call},   {"filter", &Parser::parse_filter},
        {"with", &Parser::parse_with},   {"generation", &Parser::parse_generation},
        {"break", &Parser::parse_break}, {"continue", &Parser::parse_continue}};
    const Token tag = tokens_.current();
    if (tag.kind != Token::Kind::kName) return tokens_.unexpected("the name of a tag");
    const auto* found =
        std::ranges::find(kTags, std::string_view(tag.text), &std::pair<std::string_view, Parse>::first);
    if (found != std::end(kTags)) {
      tokens_.take();
      return (this->*found->second)(tag.position);
    }
    if (std::ranges::find(kUnsupported, tag.text) != kUnsupported.end()) {
      return tokens_.fail(fmt::format("the tag '{}' is not supported in chat templates: write it without", tag.text));
    }
    return tokens_.fail(fmt::format("'{}' is no tag, or has no beginning here: check the nesting of tags", tag.text));
  }

  Result<Target> parse_single_target(bool with_attribute) {
    Target target{.position = tokens_.current().position};
    if (tokens_.take_if_operator("(")) {
      HEARTH_ASSIGN_OR_RETURN(target, parse_target(with_attribute));
      HEARTH_RETURN_IF_ERROR(tokens_.expect_operator(")"));
      return target;
    }
    HEARTH_ASSIGN_OR_RETURN(target.name, tokens_.expect_identifier());
    static constexpr std::array<std::string_view, 6> kConstants = {"true", "false", "none", "True", "False", "None"};
    if (std::ranges::find(kConstants, target.name) != kConstants.end()) {
      return syntax_error(target.position, fmt::format("'{}' cannot be set", target.name));
    }
    if (with_attribute && tokens_.take_if_operator(".")) {
      HEARTH_ASSIGN_OR_RETURN(target.attribute, tokens_.expect_identifier());
    }
    return target;
  }

  Result<Target> parse_target(bool with_attribute) {
    if (++depth_ > depth_limit_) return tokens_.fail("what is set here is nested too deeply");
    Target tuple{.is_tuple = true, .position = tokens_.current().position};
    do {
      if (!tuple.parts.empty() && tokens_.current().kind != Token::Kind::kName && !tokens_.current().is_operator("(")) {
        --depth_;
        return tuple;
      }
      HEARTH_ASSIGN_OR_RETURN(Target part, parse_single_target(with_attribute));
      tuple.parts.push_back(std::move(part));
      if (tuple.parts.size() == 1 && !tokens_.current().is_operator(",")) {
        --depth_;
        return Target(std::move(tuple.parts[0]));
      }
    } while (tokens_.take_if_operator(",") && !tokens_.current().is_name("in"));
    --depth_;
    return tuple;
  }

  Result<StatementPointer> parse_for(Position position) {
    StatementPointer loop = make_statement(Kind::kFor, position);
    HEARTH_ASSIGN_OR_RETURN(loop->target, parse_target(false));
    HEARTH_RETURN_IF_ERROR(tokens_.expect_name("in"));
    HEARTH_ASSIGN_OR_RETURN(loop->expression, expressions_.parse_tuple(false));
    if (tokens_.take_if_name("if")) {
      HEARTH_ASSIGN_OR_RETURN(loop->condition, expressions_.parse());
    }
    if (tokens_.current().is_name("recursive")) return tokens_.fail("recursive loops are not supported: use a macro");
    ++loops_;
    HEARTH_ASSIGN_OR_RETURN(loop->body, parse_block({"endfor", "else"}));
    --loops_;
    if (tokens_.take().text == "else") {
      HEARTH_ASSIGN_OR_RETURN(loop->otherwise, parse_whole_block("endfor"));
    }
    return loop;
  }

  Result<StatementPointer> parse_if(Position position) {
    StatementPointer branch = make_statement(Kind::kIf, position);
    HEARTH_ASSIGN_OR_RETURN(branch->expression, expressions_.parse_tuple(false));
    HEARTH_ASSIGN_OR_RETURN(branch->body, parse_block({"elif", "else", "endif"}));
    const Token next = tokens_.take();
    if (next.text == "elif") {
      if (++depth_ > depth_limit_) return tokens_.fail("there are too many elif: raise TemplateLimits::depth");
      HEARTH_ASSIGN_OR_RETURN(StatementPointer nested, parse_if(next.position));
      --depth_;
      branch->otherwise.push_back(std::move(nested));
    } else if (next.text == "else") {
      HEARTH_ASSIGN_OR_RETURN(branch->otherwise, parse_whole_block("endif"));
    }
    return branch;
  }

  Result<StatementPointer> parse_set(Position position) {
    StatementPointer set = make_statement(Kind::kSet, position);
    HEARTH_ASSIGN_OR_RETURN(set->target, parse_target(true));
    if (tokens_.take_if_operator("=")) {
      HEARTH_ASSIGN_OR_RETURN(set->expression, expressions_.parse_tuple());
      return set;
    }
    set->kind = Kind::kSetBlock;
    if (tokens_.take_if_operator("|")) {
      HEARTH_ASSIGN_OR_RETURN(set->expression, expressions_.parse_filters(nullptr));
    }
    HEARTH_ASSIGN_OR_RETURN(set->body, parse_whole_block("endset"));
    return set;
  }

  Result<std::vector<Parameter>> parse_parameters() {
    std::vector<Parameter> parameters;
    HEARTH_RETURN_IF_ERROR(tokens_.expect_operator("("));
    while (!tokens_.current().is_operator(")")) {
      if (!parameters.empty()) HEARTH_RETURN_IF_ERROR(tokens_.expect_operator(","));
      Parameter parameter;
      HEARTH_ASSIGN_OR_RETURN(parameter.name, tokens_.expect_identifier());
      if (tokens_.take_if_operator("=")) {
        HEARTH_ASSIGN_OR_RETURN(parameter.fallback, expressions_.parse());
      } else if (!parameters.empty() && parameters.back().fallback) {
        return tokens_.fail(fmt::format("the parameter '{}' needs a default as the one before has", parameter.name));
      }
      parameters.push_back(std::move(parameter));
    }
    HEARTH_RETURN_IF_ERROR(tokens_.expect_operator(")"));
    return parameters;
  }

  /// The body of a macro, and which special names it uses.
  Status parse_macro_body(MacroDefinition& macro, const char* end) {
    const size_t outer_loops = std::exchange(loops_, 0);
    const ExpressionParser::SpecialNames outer = std::exchange(expressions_.special_names, {});
    HEARTH_ASSIGN_OR_RETURN(macro.body, parse_whole_block(end));
    ExpressionParser::SpecialNames& used = expressions_.special_names;
    macro.uses_varargs = used.varargs;
    macro.uses_kwargs = used.kwargs;
    macro.uses_caller = used.caller;
    used = {outer.varargs || used.varargs, outer.kwargs || used.kwargs, outer.caller || used.caller};
    loops_ = outer_loops;
    return {};
  }

  Result<StatementPointer> parse_macro(Position position) {
    StatementPointer statement = make_statement(Kind::kMacro, position);
    HEARTH_ASSIGN_OR_RETURN(statement->macro.name, tokens_.expect_identifier());
    HEARTH_ASSIGN_OR_RETURN(statement->macro.parameters, parse_parameters());
    HEARTH_RETURN_IF_ERROR(parse_macro_body(statement->macro, "endmacro"));
    return statement;
  }

  Result<StatementPointer> parse_call(Position position) {
    StatementPointer statement = make_statement(Kind::kCall, position);
    statement->macro.name = "caller";
    if (tokens_.current().is_operator("(")) {
      HEARTH_ASSIGN_OR_RETURN(statement->macro.parameters, parse_parameters());
    }
    HEARTH_ASSIGN_OR_RETURN(statement->expression, expressions_.parse());
    if (statement->expression->kind != Expression::Kind::kCall) {
      return syntax_error(position, "a call block needs a call, such as {% call macro() %}");
    }
    HEARTH_RETURN_IF_ERROR(parse_macro_body(statement->macro, "endcall"));
    return statement;
  }

  Result<StatementPointer> parse_filter(Position position) {
    StatementPointer statement = make_statement(Kind::kFilter, position);
    HEARTH_ASSIGN_OR_RETURN(statement->expression, expressions_.parse_filters(nullptr));
    HEARTH_ASSIGN_OR_RETURN(statement->body, parse_whole_block("endfilter"));
    return statement;
  }

  Result<StatementPointer> parse_with(Position position) {
    StatementPointer statement = make_statement(Kind::kWith, position);
    while (tokens_.current().kind != Token::Kind::kBlockEnd) {
      if (!statement->targets.empty()) HEARTH_RETURN_IF_ERROR(tokens_.expect_operator(","));
      HEARTH_ASSIGN_OR_RETURN(Target target, parse_target(false));
      HEARTH_RETURN_IF_ERROR(tokens_.expect_operator("="));
      HEARTH_ASSIGN_OR_RETURN(ExpressionPointer value, expressions_.parse());
      statement->targets.push_back(std::move(target));
      statement->values.push_back(std::move(value));
    }
    HEARTH_ASSIGN_OR_RETURN(statement->body, parse_whole_block("endwith"));
    return statement;
  }

  Result<StatementPointer> parse_generation(Position position) {
    StatementPointer statement = make_statement(Kind::kScope, position);
    const size_t outer_loops = std::exchange(loops_, 0);
    HEARTH_ASSIGN_OR_RETURN(statement->body, parse_whole_block("endgeneration"));
    loops_ = outer_loops;
    return statement;
  }

  Result<StatementPointer> parse_break(Position position) { return parse_jump(Kind::kBreak, position); }
  Result<StatementPointer> parse_continue(Position position) { return parse_jump(Kind::kContinue, position); }
  Result<StatementPointer> parse_jump(Kind kind, Position position) {
    if (loops_ == 0) return syntax_error(position, "break and continue belong inside of a loop");
    return make_statement(kind, position);
  }

  TokenStream tokens_;
  ExpressionParser expressions_;
  size_t depth_limit_;
  size_t depth_ = 0;
  size_t loops_ = 0;  ///< How many loops of the same macro are open here.
};

}  // namespace

Result<Body> parse_template(std::string_view source, const TemplateLimits& limits) {
  HEARTH_ASSIGN_OR_RETURN(std::vector<Token> tokens, tokenize(source));
  return Parser(std::move(tokens), limits.depth).run();
}

}  // namespace hearth::jinja
