#include "pipelines/generate/generator_plan.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "archive/testing/archive_builder.h"

namespace hearth {
namespace {

constexpr std::string_view kMethod = R"({"decode": {
  "symbols": {"t": {"min": 1, "max": 4096}, "r": {"min": 1, "max": 1024}},
  "inputs": [{"name": "tokens", "dtype": "int64", "shape": ["t"], "dim_order": [0]},
             {"name": "positions", "dtype": "int64", "shape": ["t"], "dim_order": [0]},
             {"name": "rows", "dtype": "int64", "shape": ["r"], "dim_order": [0]}],
  "outputs": [{"name": "logits", "dtype": "float32", "shape": ["r", 100]}],
  "targets": {}}})";
constexpr std::string_view kPipeline =
    R"({"task": "text-generation", "method": "decode", "vocabulary_size": 100, "context_length": 64, "end_tokens": [2, 7]})";

Result<Manifest> manifest_with(std::string_view old_text, std::string_view new_text) {
  std::string json = fmt::format(R"({{"format": 1, "producer": {{}}, "name": "small", "records": {{}}, "tensors": {{}},
                                     "methods": {}, "pipeline": {}}})",
                                 kMethod, kPipeline);
  const size_t place = json.find(old_text);
  EXPECT_NE(place, std::string::npos) << old_text;
  if (place != std::string::npos) json.replace(place, old_text.size(), new_text);
  return parse_manifest(json);
}

TEST(GeneratorPlan, ReadsTheManifest) {
  const Result<Manifest> manifest = manifest_with("small", "small");
  ASSERT_TRUE(manifest.ok()) << manifest.status().message();
  const Result<GeneratorPlan> plan = plan_generator(*manifest);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan->most_tokens, 4096);
  EXPECT_EQ(plan->most_sequences, 1024);
  EXPECT_EQ(plan->pipeline->generation.context_length, 64);
  EXPECT_EQ(plan->pipeline->generation.end_tokens, (std::vector<int64_t>{2, 7}));
}

struct Case {
  const char* old_text;
  const char* new_text;
  const char* message;
};

TEST(GeneratorPlan, RefusesMethodsOfAnotherKind) {
  constexpr Case kCases[] = {
      {"text-generation", "translation", "'small' is not for text generation: its task is translation"},
      {R"("pipeline")", R"("unknown")", "its file describes no task"},
      {R"("name": "rows")", R"("name": "columns")", "does not take lists of tokens, positions and rows"},
      {R"("dtype": "int64", "shape": ["t"])", R"("dtype": "int32", "shape": ["t"])", "does not take lists"},
      {R"("dtype": "int64", "shape": ["t"])", R"("dtype": "int64", "shape": ["2*t"])", "does not take lists"},
      {R"("shape": ["r", 100])", R"("shape": ["r", 99])", "does not return float32 logits of 100 tokens"},
      {R"("dtype": "float32", "shape": ["r", 100])", R"("dtype": "int64", "shape": ["r", 100])", "float32 logits"},
      {R"("t": {"min": 1)", R"("t": {"min": 2)", "does not take a single token"},
  };
  for (const Case& test : kCases) {
    const Result<Manifest> manifest = manifest_with(test.old_text, test.new_text);
    ASSERT_TRUE(manifest.ok()) << manifest.status().message();
    const Result<GeneratorPlan> plan = plan_generator(*manifest);
    ASSERT_FALSE(plan.ok()) << test.new_text;
    EXPECT_NE(plan.status().message().find(test.message), std::string::npos) << plan.status().message();
  }
}

TEST(GeneratorPlan, IsNotReachedByAManifestWithoutSense) {
  constexpr Case kCases[] = {
      {R"("method": "decode", "vocabulary_size")", R"("method": "encode", "vocabulary_size")", "no method 'encode'"},
      {R"("vocabulary_size": 100, )", "", "vocabulary_size"},
      {R"("vocabulary_size": 100)", R"("vocabulary_size": 0)", "vocabulary_size"},
      {R"("context_length": 64)", R"("context_length": -1)", "context_length"},
      {R"("end_tokens": [2, 7])", R"("end_tokens": [2, 100])", "end_tokens[1]"},
      {R"("end_tokens": [2, 7])", R"("end_tokens": 2)", "end_tokens"},
  };
  for (const Case& test : kCases) {
    const Result<Manifest> manifest = manifest_with(test.old_text, test.new_text);
    ASSERT_FALSE(manifest.ok()) << test.new_text;
    EXPECT_NE(manifest.status().message().find(test.message), std::string::npos) << manifest.status().message();
  }
}

}  // namespace
}  // namespace hearth
