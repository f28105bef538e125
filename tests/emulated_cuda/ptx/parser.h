#pragma once

#include <map>
#include <string_view>

#include "emulated_cuda/ptx/function_builder.h"
#include "emulated_cuda/ptx/module.h"
#include "emulated_cuda/ptx/scope.h"
#include "emulated_cuda/ptx/token_cursor.h"

namespace hearth::ptx {

/// The most bytes that one variable may have.
inline constexpr uint64_t kMostVariableBytes = uint64_t{1} << 30;
/// The most bytes of parameters, or of shared or local variables, that a function may have.
inline constexpr uint64_t kMostFunctionBytes = uint64_t{1} << 20;

/// A variable's declaration without what stands before its type: ".align 4 .b8 name[4] = {1, 2}".
struct Declaration {
  std::string_view name;
  size_t alignment = 1;
  size_t bytes = 0;                ///< 0 for "name[]".
  std::vector<std::byte> initial;  ///< Empty without an initialiser.
};

/// Reads from ".align" or the type on, up to but without ';' or ','.
Result<Declaration> parse_declaration(TokenCursor& cursor);

/// What the functions of a module share while it is parsed.
struct ModuleScope {
  Scope variables;
  std::map<std::string_view, Function*> functions;
  std::vector<Global> globals;
  size_t shared_bytes = 0;  ///< Of the shared variables that belong to no kernel alone.

  /// Declares a variable of global or constant memory in `scope`.
  Status declare_global(Scope& scope, Space space, const Declaration& declaration, uint32_t line);
  /// Gives a shared variable the next place behind `end`.
  static Status declare_shared(Scope& scope, size_t& end, Constant::Kind kind, const Declaration& declaration,
                               uint32_t line);
};

/// Parses the body of a function, from behind its '{' up to and with its '}', and decodes its instructions.
class FunctionParser {
 public:
  FunctionParser(TokenCursor& cursor, ModuleScope& module, Function& function)
      : cursor_(cursor), module_(module), function_(function) {}

  Status parse();

 private:
  struct ScopeNode {
    Scope scope;
    size_t parent = 0;
  };
  struct Fixup {
    size_t instruction = 0;
    size_t scope = 0;
    std::string_view label;
    uint32_t line = 0;
  };
  struct BranchTable {
    size_t scope = 0;
    uint32_t line = 0;
    std::vector<std::string_view> labels;
  };

  Status parse_element();
  Status close_scope();
  Status parse_directive();
  Status parse_registers();
  Status parse_variable(Space space);
  Status declare_parameter(const Declaration& declaration, uint32_t line);
  Status parse_label(std::string_view name, uint32_t line);
  Status parse_branch_targets(std::string_view name, uint32_t line);
  Status parse_statement();
  Result<uint32_t> parse_guard();
  Result<Operand> parse_operand();
  Result<Operand> parse_simple_operand();
  Result<Operand> parse_address();
  Result<Operand> parse_elements(Operand::Kind kind, std::string_view end);
  Operand look_up(std::string_view name) const;
  Status add(const Statement& statement);
  Status add_branch(const Statement& statement);
  Status add_indexed_branch(const Statement& statement);
  Status add_call(const Statement& statement);
  Status match_call_parameters(const Statement& statement, const Operand& given, const std::vector<Parameter>& formals,
                               std::vector<ParameterCopy>& copies);
  Status add_instruction(Instruction instruction);
  Result<uint32_t> find_label(size_t scope, std::string_view label, uint32_t line) const;
  Status resolve_labels();
  void finish();

  TokenCursor& cursor_;
  ModuleScope& module_;
  Function& function_;
  FunctionBuilder builder_;
  std::vector<ScopeNode> scopes_;
  size_t scope_ = 0;  // The innermost one.
  size_t depth_ = 0;
  std::map<std::pair<size_t, std::string_view>, uint32_t> labels_;
  std::map<std::pair<size_t, std::string_view>, BranchTable> tables_;
  std::vector<Fixup> fixups_;
  std::vector<Fixup> table_fixups_;
};

}  // namespace hearth::ptx
