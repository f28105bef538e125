#pragma once

#include <span>
#include <string_view>

#include "aoti/fallback_value.h"

namespace hearth {

/// An operator that generated code calls by its name, because AOTInductor has no C function for it.
struct FallbackOperator {
  std::string_view name;  ///< "aten::_fft_c2r"
  size_t argument_count;
  FallbackFunction call;
};

/// The operator called `name`, or null. fallback_operators.def lists them.
const FallbackOperator* find_fallback_operator(std::string_view name);

}  // namespace hearth
