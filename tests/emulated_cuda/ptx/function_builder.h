#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "emulated_cuda/ptx/module.h"

namespace hearth::ptx {

/// Hands out a function's rows of registers, predicates and constants while it is decoded.
class FunctionBuilder {
 public:
  /// The most rows that a function may have; a text that wants more is refused.
  static constexpr uint32_t kMostRows = 1U << 17;

  uint32_t add_rows(uint32_t count) { return std::exchange(rows_, rows_ + count); }
  uint32_t add_predicates(uint32_t count) { return std::exchange(predicates_, predicates_ + count); }
  /// The row that holds a constant in all lanes: the same row for the same constant.
  uint32_t constant(Constant::Kind kind, uint64_t value) {
    const auto [found, added] = constants_.try_emplace({kind, value}, rows_);
    if (added) ++rows_;
    return found->second;
  }
  /// A row that is written and never read.
  uint32_t sink_row() {
    if (sink_row_ == 0) sink_row_ = add_rows(1);
    return sink_row_;
  }
  uint32_t sink_predicate() {
    if (sink_predicate_ == 0) sink_predicate_ = add_predicates(1);
    return sink_predicate_;
  }
  bool too_large() const { return rows_ > kMostRows || predicates_ > kMostRows; }
  /// An access to shared memory of so many bytes is among the function's instructions.
  void note_shared_access(uint32_t bytes) { granule_ = bytes < granule_ ? bytes : granule_; }
  void note_module_shared() { uses_module_shared_ = true; }

  uint32_t rows() const { return rows_; }
  uint32_t predicates() const { return predicates_; }
  uint32_t granule() const { return granule_; }
  bool uses_module_shared() const { return uses_module_shared_; }
  std::vector<Constant> constants() const {
    std::vector<Constant> constants;
    for (const auto& [key, row] : constants_) constants.push_back({row, key.first, key.second});
    return constants;
  }

 private:
  uint32_t rows_ = 1;        // Row 0 belongs to nobody.
  uint32_t predicates_ = 1;  // Predicate 0 is always false.
  uint32_t sink_row_ = 0;
  uint32_t sink_predicate_ = 0;
  uint32_t granule_ = 16;
  bool uses_module_shared_ = false;
  std::map<std::pair<Constant::Kind, uint64_t>, uint32_t> constants_;
};

}  // namespace hearth::ptx
