#include "kernels/activation.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/cpu/micro_kernels.h"

namespace hearth {
namespace {

constexpr std::array kNames{"none", "relu", "relu6", "silu", "gelu", "gelu_tanh", "hardswish"};

TEST(Activation, KnowsEveryNameAndNoOther) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    const auto activation = parse_activation(kNames[i]);
    ASSERT_TRUE(activation.ok()) << kNames[i];
    EXPECT_EQ(static_cast<size_t>(*activation), i);
  }
  const auto unknown = parse_activation("swish");
  ASSERT_FALSE(unknown.ok());
  EXPECT_NE(unknown.status().message().find("'swish'"), std::string::npos);
}

TEST(Activation, HasTheValuesOfPyTorch) {
  struct Known {
    Activation activation;
    float x;
    float y;
  };
  // torch.nn.functional on float32.
  const std::array<Known, 10> values{{
      {Activation::kRelu, -1.5F, 0.0F},
      {Activation::kRelu6, 7.5F, 6.0F},
      {Activation::kSilu, 1.5F, 1.22636163F},
      {Activation::kSilu, -3.0F, -0.142277613F},
      {Activation::kGelu, 1.0F, 0.841344714F},
      {Activation::kGelu, -2.0F, -0.0455001891F},
      {Activation::kGeluTanh, 1.0F, 0.841191947F},
      {Activation::kGeluTanh, -0.5F, -0.154286F},
      {Activation::kHardswish, 1.0F, 0.666666687F},
      {Activation::kHardswish, -4.0F, 0.0F},
  }};
  for (const Known& known : values) {
    EXPECT_NEAR(apply_activation(known.activation, known.x), known.y, 3e-7F) << known.x;
  }
}

/// Every magnitude of interest, both signs, and the values where formulas change or overflow.
std::vector<float> probes() {
  std::vector<float> values{0.0F,
                            -0.0F,
                            0.625F,
                            -0.625F,
                            0.927F,
                            -0.927F,
                            -88.72F,
                            -103.0F,
                            -104.0F,
                            104.0F,
                            1e20F,
                            -1e20F,
                            std::numeric_limits<float>::infinity()};
  for (float value = 1e-6F; value < 200; value *= 1.003F) {
    values.push_back(value);
    values.push_back(-value);
  }
  return values;
}

TEST(Activation, IsTheSameInEveryInstructionSet) {
  const std::vector<float> inputs = probes();
  for (const MicroKernels& kernels : available_micro_kernels()) {
    for (size_t i = 0; i < kNames.size(); ++i) {
      const auto activation = static_cast<Activation>(i);
      std::vector<float> outputs = inputs;
      kernels.activate(activation, outputs.data(), static_cast<int64_t>(outputs.size()));
      for (size_t j = 0; j < inputs.size(); ++j) {
        const float expected = apply_activation(activation, inputs[j]);
        if (expected == outputs[j] || (std::isnan(expected) && std::isnan(outputs[j]))) continue;
        ASSERT_NEAR(outputs[j], expected, 1e-6F * std::abs(expected) + 3e-7F * std::min(std::abs(inputs[j]), 8.0F))
            << kernels.name << " " << kNames[i] << " of " << inputs[j];
      }
    }
  }
}

TEST(Activation, KeepsNan) {
  for (const MicroKernels& kernels : available_micro_kernels()) {
    for (size_t i = 0; i < kNames.size(); ++i) {
      std::array<float, 19> values{};
      values.fill(std::numeric_limits<float>::quiet_NaN());
      kernels.activate(static_cast<Activation>(i), values.data(), 19);
      for (const float value : values) EXPECT_TRUE(std::isnan(value)) << kernels.name << " " << kNames[i];
      EXPECT_TRUE(std::isnan(apply_activation(static_cast<Activation>(i), values[0]))) << kNames[i];
    }
  }
}

}  // namespace
}  // namespace hearth
