#pragma once

#include <string_view>

#include "hearth/status.h"

namespace hearth {

/// Applied to an operator's result before it is stored.
enum class Activation { kNone, kRelu, kRelu6, kSilu, kGelu, kGeluTanh, kHardswish };

/// "none", "relu", "relu6", "silu", "gelu", "gelu_tanh", "hardswish". kInvalidArgument otherwise.
Result<Activation> parse_activation(std::string_view name);

/// One value through the activation: the definition that every kernel must match.
float apply_activation(Activation activation, float value);

}  // namespace hearth
