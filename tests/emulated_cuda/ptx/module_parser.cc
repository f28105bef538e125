#include <charconv>
#include <utility>

#include "emulated_cuda/ptx/parser.h"

namespace hearth::ptx {

/// Parses what stands outside of functions.
class ModuleParser {
 public:
  explicit ModuleParser(std::vector<Token> tokens) : cursor_(std::move(tokens)) {}

  Result<std::shared_ptr<const Module>> parse() {
    HEARTH_RETURN_IF_ERROR(parse_version());
    while (!cursor_.at_end()) HEARTH_RETURN_IF_ERROR(parse_element());
    if (module_->target_.empty()) return invalid_file("PTX: the .target directive is missing");
    module_->globals_ = std::move(scope_.globals);
    finish_functions();
    return std::shared_ptr<const Module>(std::move(module_));
  }

 private:
  Status parse_version() {
    HEARTH_RETURN_IF_ERROR(cursor_.expect(".version"));
    const Token token = cursor_.next();
    const size_t dot = token.text.find('.');
    uint32_t major = 0;
    uint32_t minor = 0;
    const char* end = token.text.data() + token.text.size();
    if (dot != std::string_view::npos) {
      std::from_chars(token.text.data(), token.text.data() + dot, major);
      std::from_chars(token.text.data() + dot + 1, end, minor);
    }
    module_->version_ = major * 10 + minor;
    if (major == 0 || major > 99 || minor > 9) {
      return invalid_file("PTX line {}: '{}' is no version", token.line, token.text);
    }
    return {};
  }

  Status parse_element() {
    const Token token = cursor_.peek();
    if (token.text == ".file" || token.text == ".loc") {
      cursor_.skip_line();
      return {};
    }
    cursor_.next();
    if (token.text == ".target") return parse_target();
    if (token.text == ".address_size") return parse_address_size();
    if (token.text == ".section") return skip_section();
    if (token.text == ".visible" || token.text == ".extern" || token.text == ".weak" || token.text == ".common" ||
        token.text == ".internal" || token.text == ";") {
      external_ = token.text == ".extern";
      return {};
    }
    const bool external = std::exchange(external_, false);
    if (token.text == ".entry" || token.text == ".func") return parse_function(token.text == ".entry");
    const std::optional<Space> space = token.text.starts_with('.') ? space_named(token.text.substr(1)) : std::nullopt;
    if (space == Space::kGlobal || space == Space::kConstant || space == Space::kShared) {
      return parse_variable(*space, external);
    }
    return invalid_file("PTX line {}: '{}' is not known outside of a function", token.line, token.text.substr(0, 80));
  }

  Status parse_target() {
    HEARTH_ASSIGN_OR_RETURN(const std::string_view target, cursor_.expect_word("a target"));
    module_->target_ = target;
    while (cursor_.take(",")) {
      const Token option = cursor_.next();
      if (option.text != "debug" && option.text != "texmode_independent") {
        return invalid_file("PTX line {}: the target option '{}' is not known", option.line, option.text);
      }
    }
    return {};
  }

  Status parse_address_size() {
    const uint32_t line = cursor_.line();
    HEARTH_ASSIGN_OR_RETURN(const uint64_t bits, parse_size(cursor_, 64));
    if (bits == 64) return {};
    return invalid_file("PTX line {}: only addresses of 64 bits are known to the interpreter", line);
  }

  // Debug information.
  Status skip_section() {
    while (!cursor_.at_end() && !cursor_.at("{")) cursor_.next();
    while (!cursor_.at_end() && !cursor_.at("}")) cursor_.next();
    return cursor_.expect("}");
  }

  Status parse_variable(Space space, bool external) {
    const uint32_t line = cursor_.line();
    HEARTH_ASSIGN_OR_RETURN(const Declaration declaration, parse_declaration(cursor_));
    HEARTH_RETURN_IF_ERROR(cursor_.expect(";"));
    if (space == Space::kShared) {
      return ModuleScope::declare_shared(scope_.variables, scope_.shared_bytes, Constant::Kind::kModuleShared,
                                         declaration, line);
    }
    if (external) {
      return invalid_file("PTX line {}: '{}' is defined in another module", line, declaration.name.substr(0, 80));
    }
    return scope_.declare_global(scope_.variables, space, declaration, line);
  }

  Status parse_parameters(std::vector<Parameter>& parameters, size_t& end) {
    if (!cursor_.take("(")) return {};
    while (!cursor_.at(")")) {
      const uint32_t line = cursor_.line();
      HEARTH_RETURN_IF_ERROR(cursor_.expect(".param"));
      HEARTH_ASSIGN_OR_RETURN(const Declaration declaration, parse_declaration(cursor_));
      const size_t offset = align_up(end, declaration.alignment);
      if (offset + declaration.bytes > kMostFunctionBytes || declaration.bytes == 0) {
        return invalid_file("PTX line {}: the parameter '{}' has no possible size", line, declaration.name);
      }
      parameters.push_back({std::string(declaration.name), offset, declaration.bytes, declaration.alignment});
      end = offset + declaration.bytes;
      if (!cursor_.take(",")) break;
    }
    return cursor_.expect(")");
  }

  Result<std::array<uint32_t, 3>> parse_extents() {
    std::array<uint32_t, 3> extents = {1, 1, 1};
    for (size_t i = 0; i < extents.size(); ++i) {
      if (i > 0 && !cursor_.take(",")) break;
      HEARTH_ASSIGN_OR_RETURN(const uint64_t extent, parse_size(cursor_, 1U << 16));
      extents[i] = static_cast<uint32_t>(extent);
    }
    return extents;
  }

  Status parse_limits(Function& function) {
    while (!cursor_.at("{") && !cursor_.at(";")) {
      const Token directive = cursor_.next();
      if (directive.text == ".maxntid" || directive.text == ".reqntid") {
        HEARTH_ASSIGN_OR_RETURN(const auto extents, parse_extents());
        const uint64_t threads = uint64_t{extents[0]} * extents[1] * extents[2];
        if (threads > 1024) return invalid_file("PTX line {}: a block of {} threads", directive.line, threads);
        function.max_threads_ = static_cast<uint32_t>(threads);
        if (directive.text == ".reqntid") function.required_block_ = extents;
      } else if (directive.text == ".minnctapersm" || directive.text == ".maxnctapersm" ||
                 directive.text == ".maxnreg") {
        HEARTH_RETURN_IF_ERROR(parse_size(cursor_, 1U << 16).status());
      } else if (directive.text == ".pragma") {
        while (!cursor_.at_end() && !cursor_.take(";")) cursor_.next();
      } else if (directive.text != ".noreturn") {
        return invalid_file("PTX line {}: '{}' is not known at a function", directive.line,
                            directive.text.substr(0, 80));
      }
    }
    return {};
  }

  Status parse_function(bool is_kernel) {
    const uint32_t line = cursor_.line();
    auto function = std::make_unique<Function>();
    function->is_kernel_ = is_kernel;
    std::vector<Parameter> results;
    size_t end = 0;
    if (!is_kernel) HEARTH_RETURN_IF_ERROR(parse_parameters(results, end));
    HEARTH_ASSIGN_OR_RETURN(const std::string_view name, cursor_.expect_word("a function's name"));
    function->name_ = name;
    HEARTH_RETURN_IF_ERROR(parse_parameters(function->parameters_, function->parameter_bytes_));
    place_results(*function, results);
    HEARTH_RETURN_IF_ERROR(parse_limits(*function));
    HEARTH_ASSIGN_OR_RETURN(Function* const declared, declare(name, std::move(function), line));
    if (cursor_.take(";")) return {};
    HEARTH_RETURN_IF_ERROR(cursor_.expect("{"));
    if (declared->has_body_) return invalid_file("PTX line {}: the function '{}' is there twice", line, name);
    return FunctionParser(cursor_, scope_, *declared).parse();
  }

  // Results lie behind the parameters, wherever they would begin.
  static void place_results(Function& function, std::vector<Parameter>& results) {
    size_t end = function.parameter_bytes_;
    for (Parameter& result : results) {
      result.offset = align_up(end, result.alignment);
      end = result.offset + result.bytes;
    }
    function.results_ = std::move(results);
  }

  // A function may be declared any number of times before its body comes.
  Result<Function*> declare(std::string_view name, std::unique_ptr<Function> function, uint32_t line) {
    const auto found = scope_.functions.find(name);
    if (found == scope_.functions.end()) {
      module_->functions_.push_back(std::move(function));
      scope_.functions.emplace(name, module_->functions_.back().get());
      return module_->functions_.back().get();
    }
    const Function& before = *found->second;
    if (before.is_kernel_ != function->is_kernel_ || before.parameters_.size() != function->parameters_.size() ||
        before.parameter_bytes_ != function->parameter_bytes_ || before.results_.size() != function->results_.size()) {
      return invalid_file("PTX line {}: the function '{}' is declared in two ways", line, name);
    }
    if (!before.has_body_) *found->second = std::move(*function);
    return found->second;
  }

  // Kernels that use shared variables of the module have them in front of their own.
  void finish_functions() {
    uint32_t granule = 16;
    for (const auto& function : module_->functions_) granule = std::min(granule, function->shared_granule_);
    for (const auto& function : module_->functions_) {
      function->global_count_ = module_->globals_.size();
      if (!function->is_kernel_) continue;
      // What it calls may access shared memory in smaller pieces than itself.
      if (!function->calls_.empty()) function->shared_granule_ = granule;
      if (function->uses_module_shared_) {
        function->entry_shared_offset_ = align_up(scope_.shared_bytes, kSharedAlignment);
        function->static_shared_bytes_ += function->entry_shared_offset_;
      }
    }
  }

  TokenCursor cursor_;
  std::shared_ptr<Module> module_ = std::make_shared<Module>();
  ModuleScope scope_;
  bool external_ = false;
};

const Function* Module::kernel(std::string_view name) const {
  for (const auto& function : functions_) {
    if (function->is_kernel() && function->name() == name) return function.get();
  }
  return nullptr;
}

Result<std::shared_ptr<const Module>> parse_module(std::string_view text) {
  // The driver passes texts with the zero that ends them.
  while (text.ends_with('\0')) text.remove_suffix(1);
  HEARTH_ASSIGN_OR_RETURN(std::vector<Token> tokens, tokenize(text));
  return ModuleParser(std::move(tokens)).parse();
}

}  // namespace hearth::ptx
