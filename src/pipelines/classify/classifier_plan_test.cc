#include "pipelines/classify/classifier_plan.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "archive/testing/archive_builder.h"

namespace hearth {
namespace {

using Replacements = std::vector<std::pair<std::string, std::string>>;

/// The small archive's manifest without goldens and with texts replaced.
Manifest manifest_with(const Replacements& replacements) {
  std::string json = testing::small_manifest();
  json = json.substr(0, json.find(R"("goldens")")) + R"("goldens": []})";
  for (const auto& [old_text, new_text] : replacements) {
    const size_t place = json.find(old_text);
    EXPECT_NE(place, std::string::npos) << old_text;
    if (place != std::string::npos) json.replace(place, old_text.size(), new_text);
  }
  Result<Manifest> manifest = parse_manifest(json);
  EXPECT_TRUE(manifest.ok()) << manifest.status().message();
  return manifest.ok() ? *std::move(manifest) : Manifest{};
}

constexpr const char* kSymbol = R"("symbols": {"n": {"min": 1, "max": 64}})";
constexpr const char* kInputShape = R"("shape": ["n", 3, 8, 8])";

TEST(ClassifierPlan, FindsTheOutputAmongOthers) {
  const Manifest manifest = manifest_with(
      {{R"("outputs": [)", R"("outputs": [{"name": "features", "dtype": "float32", "shape": ["n", 16]}, )"}});
  const Result<ClassifierPlan> plan = plan_classifier(manifest);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan->output, 1U);
  EXPECT_EQ(plan->pipeline, &*manifest.pipeline);
}

TEST(ClassifierPlan, RefusesModelsForAnythingElse) {
  struct Case {
    const char* old_text;
    const char* new_text;
    const char* message;
  };
  constexpr Case kCases[] = {
      {R"("pipeline": )", R"("unknown": )", "'small' is not for image classification: its file describes no task"},
      {"image-classification", "translation", "'small' is not for image classification, its task is translation"},
      {R"("dtype": "float32", "shape": ["n", 3, 8, 8])", R"("dtype": "uint8", "shape": ["n", 3, 8, 8])",
       "input 'x' is not a batch of float32 pictures"},
      {R"("shape": ["n", 3, 8, 8], "dim_order": [0, 2, 3, 1])", R"("shape": [3, 8, 8], "dim_order": [0, 1, 2])",
       "input 'x' is not a batch of float32 pictures"},
      {R"("inputs": [)", R"("inputs": [{"name": "mask", "dtype": "bool", "shape": [8], "dim_order": [0]}, )",
       "method 'forward' needs more than a picture"},
  };
  for (const Case& test : kCases) {
    const Manifest manifest = manifest_with({{test.old_text, test.new_text}});
    const Result<ClassifierPlan> plan = plan_classifier(manifest);
    ASSERT_FALSE(plan.ok()) << test.new_text;
    EXPECT_EQ(plan.status().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(plan.status().message().find(test.message), std::string::npos) << plan.status().message();
  }
}

TEST(ClassifierPlan, BoundsBatchesByTheModelAndByMemory) {
  struct Case {
    const char* range;
    const char* dimension;
    int64_t least;
    int64_t most;
    int64_t step;
  };
  constexpr Case kCases[] = {
      {R"("min": 1, "max": 64)", R"("n")", 1, 16, 1},
      {R"("min": 0, "max": null)", R"("n")", 1, 16, 1},
      {R"("min": 2, "max": 5)", R"("n")", 2, 5, 1},
      {R"("min": 100, "max": 200)", R"("n")", 100, 100, 1},
      {R"("min": 1, "max": 64)", "1", 1, 1, 1},
      {R"("min": 1, "max": 64)", "32", 32, 32, 1},
      {R"("min": 1, "max": 64)", R"("3*n")", 3, 15, 3},
      {R"("min": 1, "max": 3)", R"("2*n+1")", 3, 7, 2},
      {R"("min": 1, "max": 64)", R"("5*n-7")", 3, 13, 5},
      {R"("min": 0, "max": 9223372036854775807)", R"("9*n+2")", 2, 11, 9},
  };
  for (const Case& test : kCases) {
    const Manifest manifest = manifest_with({{kSymbol, fmt::format(R"("symbols": {{"n": {{{}}}}})", test.range)},
                                             {kInputShape, fmt::format(R"("shape": [{}, 3, 8, 8])", test.dimension)}});
    const Result<ClassifierPlan> plan = plan_classifier(manifest);
    ASSERT_TRUE(plan.ok()) << test.dimension << ": " << plan.status().message();
    EXPECT_EQ(plan->batch.least, test.least) << test.dimension << " " << test.range;
    EXPECT_EQ(plan->batch.most, test.most) << test.dimension << " " << test.range;
    EXPECT_EQ(plan->batch.step, test.step) << test.dimension << " " << test.range;
  }
}

TEST(ClassifierPlan, RefusesBatchesThatCannotBeFilled) {
  struct Case {
    const char* old_text;
    const char* new_text;
    const char* message;
  };
  constexpr Case kCases[] = {
      {kInputShape, R"("shape": [0, 3, 8, 8])", "the model takes batches without pictures"},
      {kInputShape, R"("shape": ["n-64", 3, 8, 8])", "the model takes batches without pictures"},
      {kInputShape, R"("shape": [1025, 3, 8, 8])", "at least 1025 pictures at once, the most here is 1024"},
      {kSymbol, R"("symbols": {"n": {"min": 9223372036854775807, "max": null}})",
       "at least 9223372036854775807 pictures at once, the most here is 1024"},
  };
  for (const Case& test : kCases) {
    const Result<ClassifierPlan> plan = plan_classifier(manifest_with({{test.old_text, test.new_text}}));
    ASSERT_FALSE(plan.ok()) << test.new_text;
    EXPECT_EQ(plan.status().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(plan.status().message().find(test.message), std::string::npos) << plan.status().message();
  }
}

TEST(BatchSizes, PicksTheSmallestWithRoom) {
  struct Case {
    BatchSizes sizes;
    int64_t pictures;
    int64_t size;
  };
  constexpr Case kCases[] = {{{1, 16, 1}, 1, 1}, {{1, 16, 1}, 7, 7},     {{1, 16, 1}, 99, 16}, {{3, 15, 3}, 1, 3},
                             {{3, 15, 3}, 4, 6}, {{3, 15, 3}, 15, 15},   {{2, 11, 9}, 3, 11},  {{4, 4, 1}, 1, 4},
                             {{4, 4, 1}, 9, 4},  {{100, 100, 1}, 2, 100}};
  for (const Case& test : kCases) EXPECT_EQ(test.sizes.with_room_for(test.pictures), test.size) << test.pictures;
}

}  // namespace
}  // namespace hearth
