#include "base/cpu_features.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace hearth {
namespace {

bool any_avx512() {
  const CpuFeatures& cpu = cpu_features();
  return cpu.avx512 || cpu.avx512_vnni || cpu.avx512_bf16 || cpu.amx_int8 || cpu.amx_bf16 || cpu_has_feature("avx512f");
}

bool any_avx2() {
  return cpu_features().avx2 || cpu_features().avx_vnni || cpu_has_feature("avx2") || cpu_has_feature("fma");
}

TEST(CpuFeatures, WiderSetsHoldTheNarrower) {
  const CpuFeatures& cpu = cpu_features();
  EXPECT_LE(cpu.avx512, cpu.avx2);
  EXPECT_LE(cpu.avx512_vnni, cpu.avx512);
  EXPECT_LE(cpu.avx512_bf16, cpu.avx512);
  EXPECT_LE(cpu.avx2, cpu_has_feature("avx2") && cpu_has_feature("fma") && cpu_has_feature("lzcnt"));
  EXPECT_FALSE(cpu_has_feature("no_such_feature"));
  EXPECT_FALSE(cpu_has_feature(""));
}

TEST(CpuFeatures, NamesTheMachine) {
#if defined(__x86_64__)
  EXPECT_EQ(machine_name(), "x86_64");
  EXPECT_FALSE(cpu_features().neon);
  EXPECT_EQ(cpu_features().avx2, __builtin_cpu_supports("x86-64-v3") && cpu_has_feature("avx2"));
#else
  EXPECT_EQ(machine_name(), "aarch64");
  EXPECT_TRUE(cpu_features().neon);
#endif
  EXPECT_EQ(system_name(), "linux");
  EXPECT_FALSE(cpu_model_name().empty());
}

// The environment is read once, so each level is tried in a process of its own.
TEST(CpuFeaturesDeathTest, EnvironmentLowersThem) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto exits_when = [](const char* level, bool (*good)()) {
    setenv("HEARTH_CPU", level, 1);
    std::_Exit(good() ? 0 : 1);
  };
  EXPECT_EXIT(exits_when("baseline", [] { return !any_avx2() && !any_avx512(); }), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(exits_when("avx2", [] { return !any_avx512(); }), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(exits_when("avx512", [] { return !cpu_features().amx_int8 && !cpu_features().amx_bf16; }),
              ::testing::ExitedWithCode(0), "");
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("x86-64-v3")) return;
  EXPECT_EXIT(exits_when("avx2", any_avx2), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(exits_when("", any_avx2), ::testing::ExitedWithCode(0), "");
#endif
}

}  // namespace
}  // namespace hearth
