#pragma once

#include "hearth/status.h"
#include "text/chat_template/budget.h"
#include "text/chat_template/syntax_tree.h"
#include "text/chat_template/value.h"

namespace hearth::jinja {

/// Python's operators. Those that fail do with kInvalidArgument, as Python's raise an exception; an undefined value
/// complains with its own message.

bool is_true(const Value& value);
Result<bool> equal(Budget& budget, const Value& a, const Value& b);
Result<bool> less(Budget& budget, const Value& a, const Value& b);
Result<bool> contains(Budget& budget, const Value& container, const Value& item);
Result<bool> compare(Budget& budget, Comparison comparison, const Value& a, const Value& b);
/// Whole numbers stay within 64 bits: beyond, they fail.
Result<Value> calculate(Budget& budget, BinaryOperator operation, const Value& a, const Value& b);
Result<Value> negate(const Value& value);

/// Python's len().
Result<int64_t> length(Budget& budget, const Value& value);
/// The items that a loop over the value goes through; what is left of a generator is used up.
Result<std::vector<Value>> iterate(Budget& budget, const Value& value);

}  // namespace hearth::jinja
