#include "kernels/activation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/errors.h"

namespace hearth {
namespace {

constexpr std::array<std::pair<std::string_view, Activation>, 7> kNames{{
    {"none", Activation::kNone},
    {"relu", Activation::kRelu},
    {"relu6", Activation::kRelu6},
    {"silu", Activation::kSilu},
    {"gelu", Activation::kGelu},
    {"gelu_tanh", Activation::kGeluTanh},
    {"hardswish", Activation::kHardswish},
}};

/// NaN stays NaN, which std::clamp leaves to chance.
float clamp_keeping_nan(float value, float low, float high) { return value < low ? low : value > high ? high : value; }

float gelu(float value) {
  constexpr float kSqrtHalf = 0.70710678F;
  return 0.5F * value * (1.0F + std::erf(value * kSqrtHalf));
}

float gelu_tanh(float value) {
  constexpr float kSqrtTwoOverPi = 0.79788456F;
  return 0.5F * value * (1.0F + std::tanh(kSqrtTwoOverPi * (value + 0.044715F * value * value * value)));
}

}  // namespace

Result<Activation> parse_activation(std::string_view name) {
  for (const auto& [known, activation] : kNames) {
    if (known == name) return activation;
  }
  return invalid_argument("'{}' is not an activation; there are none, relu, relu6, silu, gelu, gelu_tanh and hardswish",
                          name);
}

float apply_activation(Activation activation, float value) {
  switch (activation) {
    case Activation::kNone:
      return value;
    case Activation::kRelu:
      return value < 0.0F ? 0.0F : value;
    case Activation::kRelu6:
      return clamp_keeping_nan(value, 0.0F, 6.0F);
    case Activation::kSilu:
      return value / (1.0F + std::exp(-value));
    case Activation::kGelu:
      return gelu(value);
    case Activation::kGeluTanh:
      return gelu_tanh(value);
    case Activation::kHardswish:
      return value * clamp_keeping_nan(value + 3.0F, 0.0F, 6.0F) / 6.0F;
  }
  return value;
}

}  // namespace hearth
