#include "emulated_cuda/ptx/control.h"
#include "emulated_cuda/ptx/decoder.h"
#include "emulated_cuda/ptx/parser.h"

namespace hearth::ptx {
namespace {

constexpr size_t kDeepestScope = 64;
constexpr size_t kMostInstructions = size_t{1} << 20;
constexpr size_t kMostOperands = 64;

}  // namespace

Status FunctionParser::parse() {
  scopes_.resize(2);  // Scope 0 is the module's; 1 holds the parameters and the body.
  scope_ = 1;
  size_t offset = 0;
  for (const std::vector<Parameter>* list : {&function_.parameters_, &function_.results_}) {
    for (const Parameter& parameter : *list) {
      scopes_[1].scope.declare_variable(parameter.name,
                                        {Space::kParameter, Constant::Kind::kValue, parameter.offset, parameter.bytes});
      offset = parameter.offset + parameter.bytes;
    }
  }
  function_.frame_parameter_bytes_ = offset;
  for (depth_ = 1; depth_ > 0;) {
    if (cursor_.at_end()) return cursor_.unexpected("the '}' of a function");
    HEARTH_RETURN_IF_ERROR(parse_element());
    if (builder_.too_large()) {
      return invalid_file("PTX line {}: the function '{}' has too many registers", cursor_.line(), function_.name_);
    }
  }
  HEARTH_RETURN_IF_ERROR(add_instruction(make_return(cursor_.line())));
  HEARTH_RETURN_IF_ERROR(resolve_labels());
  finish();
  return {};
}

Status FunctionParser::parse_element() {
  if (cursor_.take("{")) {
    if (++depth_ > kDeepestScope) return cursor_.unexpected("no more than 64 braces");
    scopes_.push_back({{}, scope_});
    scope_ = scopes_.size() - 1;
    return {};
  }
  if (cursor_.take("}")) return close_scope();
  if (cursor_.take(";")) return {};
  const Token& token = cursor_.peek();
  if (token.kind == TokenKind::kWord && token.text.starts_with('.')) return parse_directive();
  if (token.kind == TokenKind::kWord && cursor_.peek(1).kind == TokenKind::kPunctuation &&
      cursor_.peek(1).text == ":") {
    const Token label = cursor_.next();
    cursor_.next();
    if (cursor_.at(".branchtargets")) return parse_branch_targets(label.text, label.line);
    return parse_label(label.text, label.line);
  }
  return parse_statement();
}

Status FunctionParser::close_scope() {
  scope_ = scopes_[scope_].parent;
  --depth_;
  return {};
}

Status FunctionParser::parse_directive() {
  const Token directive = cursor_.peek();
  if (directive.text == ".loc" || directive.text == ".file") {
    cursor_.skip_line();
    return {};
  }
  cursor_.next();
  if (directive.text == ".pragma") {
    while (!cursor_.at_end() && !cursor_.at(";")) cursor_.next();
    return cursor_.expect(";");
  }
  if (directive.text == ".reg") return parse_registers();
  if (const std::optional<Space> space = space_named(directive.text.substr(1))) return parse_variable(*space);
  return invalid_file("PTX line {}: the directive '{}' is not known in a function", directive.line,
                      directive.text.substr(0, 80));
}

Status FunctionParser::parse_registers() {
  const uint32_t line = cursor_.line();
  HEARTH_ASSIGN_OR_RETURN(const std::string_view type_text, cursor_.expect_word("a type"));
  const std::optional<Type> type = type_named(type_text.substr(1));
  if (!type || !type_text.starts_with('.') || *type == Type::kB128) {
    return invalid_file("PTX line {}: registers of type '{}' are not known to the interpreter", line,
                        type_text.substr(0, 80));
  }
  do {
    HEARTH_ASSIGN_OR_RETURN(const std::string_view name, cursor_.expect_word("a register"));
    uint32_t count = 1;
    const bool range = cursor_.take("<");
    if (range) {
      HEARTH_ASSIGN_OR_RETURN(const uint64_t given, parse_size(cursor_, FunctionBuilder::kMostRows));
      count = static_cast<uint32_t>(given);
      HEARTH_RETURN_IF_ERROR(cursor_.expect(">"));
    }
    const uint32_t first = *type == Type::kPred ? builder_.add_predicates(count) : builder_.add_rows(count);
    Scope& scope = scopes_[scope_].scope;
    if (!(range ? scope.declare_registers(name, *type, first, count) : scope.declare_register(name, *type, first))) {
      return invalid_file("PTX line {}: the register '{}' is declared twice", line, name);
    }
    if (builder_.too_large()) return invalid_file("PTX line {}: too many registers", line);
  } while (cursor_.take(","));
  return cursor_.expect(";");
}

Status FunctionParser::parse_variable(Space space) {
  const uint32_t line = cursor_.line();
  HEARTH_ASSIGN_OR_RETURN(const Declaration declaration, parse_declaration(cursor_));
  Scope& scope = scopes_[scope_].scope;
  switch (space) {
    case Space::kShared:
      HEARTH_RETURN_IF_ERROR(ModuleScope::declare_shared(
          scope, function_.is_kernel_ ? function_.static_shared_bytes_ : module_.shared_bytes,
          function_.is_kernel_ ? Constant::Kind::kEntryShared : Constant::Kind::kModuleShared, declaration, line));
      break;
    case Space::kLocal: {
      const size_t offset = align_up(function_.local_bytes_, std::min<size_t>(declaration.alignment, 16));
      if (offset + declaration.bytes > kMostFunctionBytes || declaration.bytes == 0) {
        return invalid_file("PTX line {}: '{}' does not fit into local memory", line, declaration.name);
      }
      function_.local_bytes_ = offset + declaration.bytes;
      if (!scope.declare_variable(declaration.name,
                                  {Space::kLocal, Constant::Kind::kLocal, offset, declaration.bytes})) {
        return invalid_file("PTX line {}: '{}' is declared twice", line, declaration.name);
      }
      break;
    }
    case Space::kParameter:
      HEARTH_RETURN_IF_ERROR(declare_parameter(declaration, line));
      break;
    default:
      HEARTH_RETURN_IF_ERROR(module_.declare_global(scope, space, declaration, line));
      break;
  }
  return cursor_.expect(";");
}

Status FunctionParser::declare_parameter(const Declaration& declaration, uint32_t line) {
  const size_t offset = align_up(function_.frame_parameter_bytes_, declaration.alignment);
  if (offset + declaration.bytes > kMostFunctionBytes || declaration.bytes == 0) {
    return invalid_file("PTX line {}: the parameter '{}' has no possible size", line, declaration.name);
  }
  function_.frame_parameter_bytes_ = offset + declaration.bytes;
  if (scopes_[scope_].scope.declare_variable(declaration.name,
                                             {Space::kParameter, Constant::Kind::kValue, offset, declaration.bytes})) {
    return {};
  }
  return invalid_file("PTX line {}: '{}' is declared twice", line, declaration.name);
}

Status FunctionParser::parse_label(std::string_view name, uint32_t line) {
  if (labels_.emplace(std::pair(scope_, name), static_cast<uint32_t>(function_.code_.size())).second) return {};
  return invalid_file("PTX line {}: the label '{}' stands here for the second time", line, name);
}

Status FunctionParser::parse_branch_targets(std::string_view name, uint32_t line) {
  cursor_.next();
  BranchTable table{scope_, line, {}};
  do {
    HEARTH_ASSIGN_OR_RETURN(table.labels.emplace_back(), cursor_.expect_word("a label"));
  } while (cursor_.take(","));
  tables_.emplace(std::pair(scope_, name), std::move(table));
  return cursor_.expect(";");
}

Result<uint32_t> FunctionParser::parse_guard() {
  if (!cursor_.take("@")) return kAlways;
  const bool negated = cursor_.take("!");
  const uint32_t line = cursor_.line();
  HEARTH_ASSIGN_OR_RETURN(const std::string_view name, cursor_.expect_word("a predicate"));
  const Operand operand = look_up(name);
  if (operand.kind != Operand::Kind::kPredicate) {
    return invalid_file("PTX line {}: '{}' is no predicate", line, name.substr(0, 80));
  }
  return operand.index ^ (negated ? kNegated : 0);
}

Status FunctionParser::parse_statement() {
  Statement statement;
  HEARTH_ASSIGN_OR_RETURN(statement.guard, parse_guard());
  statement.line = cursor_.line();
  HEARTH_ASSIGN_OR_RETURN(std::string_view opcode, cursor_.expect_word("an instruction"));
  statement.opcode = opcode.substr(0, opcode.find('.'));
  opcode.remove_prefix(statement.opcode.size());
  while (opcode.starts_with('.')) {
    const size_t end = std::min(opcode.find('.', 1), opcode.size());
    statement.modifiers.push_back(opcode.substr(1, end - 1));
    opcode.remove_prefix(end);
  }
  while (!cursor_.at(";") && !cursor_.at_end()) {
    HEARTH_ASSIGN_OR_RETURN(Operand operand, parse_operand());
    statement.operands.push_back(std::move(operand));
    if (statement.operands.size() > kMostOperands) return cursor_.unexpected("the end of the instruction");
    if (!cursor_.take(",")) break;
  }
  HEARTH_RETURN_IF_ERROR(cursor_.expect(";"));
  return add(statement);
}

Status FunctionParser::add(const Statement& statement) {
  if (statement.opcode == "bra") return add_branch(statement);
  if (statement.opcode == "brx") return add_indexed_branch(statement);
  if (statement.opcode == "call") return add_call(statement);
  HEARTH_ASSIGN_OR_RETURN(Instruction instruction, decode(builder_, statement));
  return add_instruction(instruction);
}

Status FunctionParser::add_instruction(Instruction instruction) {
  if (function_.code_.size() >= kMostInstructions) {
    return invalid_file("PTX line {}: the function '{}' has too many instructions", instruction.line, function_.name_);
  }
  function_.code_.push_back(instruction);
  return {};
}

Status FunctionParser::add_branch(const Statement& statement) {
  Decoder decoder(builder_, statement);
  decoder.ignore({"uni"});
  const Operand& label = decoder.next();
  if (label.kind != Operand::Kind::kName) decoder.fail("a label is missing");
  HEARTH_RETURN_IF_ERROR(decoder.finish());
  fixups_.push_back({function_.code_.size(), scope_, label.name, statement.line});
  return add_instruction(make_branch(statement.line, statement.guard));
}

Status FunctionParser::add_indexed_branch(const Statement& statement) {
  Decoder decoder(builder_, statement);
  if (!decoder.take("idx")) decoder.fail("only brx.idx is known");
  decoder.ignore({"uni"});
  const uint32_t index = decoder.source(Type::kU32);
  const Operand& table = decoder.next();
  if (table.kind != Operand::Kind::kName) decoder.fail("a list of branch targets is missing");
  HEARTH_RETURN_IF_ERROR(decoder.finish());
  table_fixups_.push_back({function_.code_.size(), scope_, table.name, statement.line});
  return add_instruction(make_indexed_branch(statement.line, statement.guard, index));
}

Status FunctionParser::match_call_parameters(const Statement& statement, const Operand& given,
                                             const std::vector<Parameter>& formals,
                                             std::vector<ParameterCopy>& copies) {
  if (given.elements.size() != formals.size()) {
    return invalid_file("PTX line {}: call: {} parameters where {} are declared", statement.line, given.elements.size(),
                        formals.size());
  }
  for (size_t i = 0; i < formals.size(); ++i) {
    const Operand& operand = given.elements[i];
    if (operand.kind != Operand::Kind::kVariable || operand.variable.space != Space::kParameter ||
        operand.variable.bytes < formals[i].bytes) {
      return invalid_file("PTX line {}: call: parameter {} is no .param variable of {} bytes", statement.line, i,
                          formals[i].bytes);
    }
    copies.push_back({static_cast<uint32_t>(operand.variable.value), static_cast<uint32_t>(formals[i].offset),
                      static_cast<uint32_t>(formals[i].bytes)});
  }
  return {};
}

// "call.uni (results), name, (arguments)", with either list optional.
Status FunctionParser::add_call(const Statement& statement) {
  Decoder decoder(builder_, statement);
  decoder.ignore({"uni"});
  const Operand none;
  const Operand& results = decoder.peek().kind == Operand::Kind::kList ? decoder.next() : none;
  const Operand& name = decoder.next();
  const Operand& arguments = decoder.peek().kind == Operand::Kind::kList ? decoder.next() : none;
  if (name.kind != Operand::Kind::kName) decoder.fail("only functions that are named directly can be called");
  HEARTH_RETURN_IF_ERROR(decoder.finish());
  const auto found = module_.functions.find(name.name);
  if (found == module_.functions.end()) {
    return invalid_file("PTX line {}: call: the function '{}' is not declared", statement.line,
                        name.name.substr(0, 80));
  }
  CallSite call;
  call.callee = found->second;
  HEARTH_RETURN_IF_ERROR(match_call_parameters(statement, arguments, found->second->parameters_, call.arguments));
  HEARTH_RETURN_IF_ERROR(match_call_parameters(statement, results, found->second->results_, call.results));
  function_.calls_.push_back(std::move(call));
  builder_.note_module_shared();
  return add_instruction(
      make_call(statement.line, statement.guard, static_cast<uint32_t>(function_.calls_.size() - 1)));
}

Result<uint32_t> FunctionParser::find_label(size_t scope, std::string_view label, uint32_t line) const {
  for (; scope != 0; scope = scopes_[scope].parent) {
    if (const auto found = labels_.find({scope, label}); found != labels_.end()) return found->second;
  }
  return invalid_file("PTX line {}: there is no label '{}'", line, label.substr(0, 80));
}

Status FunctionParser::resolve_labels() {
  for (const Fixup& fixup : fixups_) {
    HEARTH_ASSIGN_OR_RETURN(function_.code_[fixup.instruction].target,
                            find_label(fixup.scope, fixup.label, fixup.line));
  }
  for (const Fixup& fixup : table_fixups_) {
    auto table = tables_.end();
    for (size_t scope = fixup.scope; scope != 0 && table == tables_.end(); scope = scopes_[scope].parent) {
      table = tables_.find({scope, fixup.label});
    }
    if (table == tables_.end()) {
      return invalid_file("PTX line {}: there is no list of branch targets '{}'", fixup.line, fixup.label);
    }
    std::vector<uint32_t> targets;
    for (const std::string_view label : table->second.labels) {
      HEARTH_ASSIGN_OR_RETURN(targets.emplace_back(), find_label(table->second.scope, label, table->second.line));
    }
    function_.code_[fixup.instruction].target = static_cast<uint32_t>(function_.branch_tables_.size());
    function_.branch_tables_.push_back(std::move(targets));
  }
  return {};
}

void FunctionParser::finish() {
  function_.rows_ = builder_.rows();
  function_.predicates_ = builder_.predicates();
  function_.constants_ = builder_.constants();
  function_.shared_granule_ = builder_.granule();
  function_.uses_module_shared_ = builder_.uses_module_shared();
  function_.has_body_ = true;
}

}  // namespace hearth::ptx
