#include "model/target_choice.h"

#include <gtest/gtest.h>

#include <set>

namespace hearth {
namespace {

Machine machine_with(std::set<std::string, std::less<>> features) {
  return {"x86_64", "linux", "cpu",
          [features = std::move(features)](std::string_view name) { return features.contains(name); }};
}

MethodSpec method_with_targets() {
  MethodSpec method;
  method.targets["cpu-x86_64-v3"] = {"cpu", "x86_64", "linux", {"avx2", "fma"}, "v3.so", {}, "", ""};
  method.targets["cpu-x86_64-v4"] = {"cpu", "x86_64", "linux", {"avx2", "fma", "avx512f"}, "v4.so", {}, "", ""};
  method.targets["cpu-aarch64"] = {"cpu", "aarch64", "linux", {"asimd"}, "arm.so", {}, "", ""};
  return method;
}

struct Choice {
  std::set<std::string, std::less<>> features;
  std::string wanted;
  std::string chosen;   ///< Empty: refused.
  std::string message;  ///< What the refusal must say.
};

TEST(TargetChoice, TakesTheMostDemandingTargetThatRuns) {
  const Choice choices[] = {
      {{"avx2", "fma", "avx512f"}, "", "cpu-x86_64-v4", ""},
      {{"avx2", "fma"}, "", "cpu-x86_64-v3", ""},
      {{"avx2", "fma", "avx512f"}, "cpu-x86_64-v3", "cpu-x86_64-v3", ""},
      {{"avx2"}, "", "", "lacks fma"},
      {{"avx2", "fma"}, "cpu-x86_64-v4", "", "lacks avx512f"},
      {{"avx2", "fma"}, "cpu-aarch64", "", "linux aarch64"},
      {{"avx2", "fma"}, "cuda-sm80", "", "no target 'cuda-sm80'"},
  };
  for (const Choice& choice : choices) {
    const Result<std::string> target =
        choose_target(method_with_targets(), choice.wanted, machine_with(choice.features));
    ASSERT_EQ(target.ok(), !choice.chosen.empty()) << choice.wanted << " " << target.status().message();
    if (target.ok()) {
      EXPECT_EQ(*target, choice.chosen);
    } else {
      EXPECT_EQ(target.status().code(), StatusCode::kUnavailable);
      EXPECT_NE(target.status().message().find(choice.message), std::string::npos) << target.status().message();
    }
  }
}

TEST(TargetChoice, TakesTheTargetOfTheDevice) {
  MethodSpec method = method_with_targets();
  method.targets["cuda-sm80"] = {"cuda", "x86_64", "linux", {"avx2", "fma"}, "cuda.so", {}, "", ""};
  Machine machine = machine_with({"avx2", "fma", "avx512f"});
  EXPECT_EQ(*choose_target(method, "", machine), "cpu-x86_64-v4");
  EXPECT_EQ(choose_target(method, "cuda-sm80", machine).status().code(), StatusCode::kUnavailable);
  machine.device = "cuda";
  EXPECT_EQ(*choose_target(method, "", machine), "cuda-sm80");
}

TEST(TargetChoice, RefusesCodeForAnotherDevice) {
  Machine machine = machine_with({"avx2", "fma"});
  machine.device = "metal";
  EXPECT_EQ(choose_target(method_with_targets(), "", machine).status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace hearth
