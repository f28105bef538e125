#pragma once

#include <cstddef>
#include <cstdint>

#include "hearth/status.h"
#include "text/chat_template/limits.h"

namespace hearth::jinja {

/// Counts what one rendering has used of its limits. Each call fails with kInvalidArgument, naming the limit, once
/// there is none left.
class Budget {
 public:
  explicit Budget(const TemplateLimits& limits) : limits_(limits) {}
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  Status step(uint64_t count = 1);
  /// Steps for text whose characters are looked at one by one.
  Status walk(size_t bytes) { return step(bytes / 16); }
  /// To be asked before `bytes` are allocated for a value.
  Status allocate(uint64_t bytes);
  /// Whether something `depth` levels deep may be made or walked.
  Status check_depth(size_t depth) const;
  const TemplateLimits& limits() const { return limits_; }

 private:
  friend class Nesting;
  TemplateLimits limits_;
  uint64_t steps_ = 0;
  uint64_t value_bytes_ = 0;
  size_t depth_ = 0;
};

/// One level of recursion, as long as it lives.
class Nesting {
 public:
  explicit Nesting(Budget& budget) : budget_(budget) { ++budget_.depth_; }
  ~Nesting() { --budget_.depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
  /// Whether this level is still allowed; also counts a step.
  Status enter();

 private:
  Budget& budget_;
};

}  // namespace hearth::jinja
