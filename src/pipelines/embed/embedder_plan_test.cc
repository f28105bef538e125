#include "pipelines/embed/embedder_plan.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace hearth {
namespace {

constexpr std::string_view kMethod = R"({"embed": {
  "symbols": {"b": {"min": 1, "max": 256}, "t": {"min": 1, "max": 512}},
  "inputs": [{"name": "tokens", "dtype": "int64", "shape": ["b", "t"], "dim_order": [0, 1]},
             {"name": "lengths", "dtype": "int64", "shape": ["b"], "dim_order": [0]}],
  "outputs": [{"name": "embeddings", "dtype": "float32", "shape": ["b", 384]}],
  "targets": {}}})";
constexpr std::string_view kPipeline =
    R"({"task": "text-embedding", "method": "embed", "dimensions": 384, "context_length": 512,
        "prompts": {"query": "query: "}, "default_prompt": "query"})";

Result<Manifest> manifest_with(std::string_view old_text, std::string_view new_text) {
  std::string json = fmt::format(R"({{"format": 1, "producer": {{}}, "name": "small", "records": {{}}, "tensors": {{}},
                                     "methods": {}, "pipeline": {}}})",
                                 kMethod, kPipeline);
  const size_t place = json.find(old_text);
  EXPECT_NE(place, std::string::npos) << old_text;
  if (place != std::string::npos) json.replace(place, old_text.size(), new_text);
  return parse_manifest(json);
}

TEST(EmbedderPlan, ReadsTheManifest) {
  const Result<Manifest> manifest = manifest_with("small", "small");
  ASSERT_TRUE(manifest.ok()) << manifest.status().message();
  const Result<EmbedderPlan> plan = plan_embedder(*manifest);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan->most_texts, 256);
  EXPECT_EQ(plan->pipeline->embedding.dimensions, 384);
  EXPECT_EQ(plan->pipeline->embedding.prompts.at("query"), "query: ");
}

struct Case {
  const char* old_text;
  const char* new_text;
  const char* message;
};

TEST(EmbedderPlan, RefusesMethodsOfAnotherKind) {
  constexpr Case kCases[] = {
      {"text-embedding", "translation", "'small' is not for text embedding: its task is translation"},
      {R"("pipeline")", R"("unknown")", "its file describes no task"},
      {R"("name": "lengths")", R"("name": "mask")", "does not take tokens and lengths"},
      {R"("dtype": "int64", "shape": ["b", "t"])", R"("dtype": "int32", "shape": ["b", "t"])", "does not take tokens"},
      {R"("shape": ["b", "t"])", R"("shape": ["b", "2*t"])", "does not take tokens"},
      {R"("shape": ["b", "t"])", R"("shape": ["b", "b"])", "does not take tokens"},
      {R"("shape": ["b"], "dim_order": [0])", R"("shape": ["t"], "dim_order": [0])", "does not take tokens"},
      {R"("shape": ["b", 384])", R"("shape": ["b", 383])", "float32 vector of 384 numbers"},
      {R"("shape": ["b", 384])", R"("shape": ["t", 384])", "float32 vector"},
      {R"("dtype": "float32")", R"("dtype": "int64")", "float32 vector"},
      {R"("t": {"min": 1)", R"("t": {"min": 2)", "does not take a single text"},
      {R"("b": {"min": 1)", R"("b": {"min": 2)", "does not take a single text"},
      {R"("max": 512)", R"("max": 511)", "takes 511 tokens, fewer than the context length of 512"},
  };
  for (const Case& test : kCases) {
    const Result<Manifest> manifest = manifest_with(test.old_text, test.new_text);
    ASSERT_TRUE(manifest.ok()) << test.new_text << ": " << manifest.status().message();
    const Result<EmbedderPlan> plan = plan_embedder(*manifest);
    ASSERT_FALSE(plan.ok()) << test.new_text;
    EXPECT_NE(plan.status().message().find(test.message), std::string::npos) << plan.status().message();
  }
}

TEST(EmbedderPlan, IsNotReachedByAManifestWithoutSense) {
  constexpr Case kCases[] = {
      {R"("method": "embed")", R"("method": "encode")", "no method 'encode'"},
      {R"("dimensions": 384, )", "", "dimensions"},
      {R"("dimensions": 384)", R"("dimensions": 0)", "dimensions"},
      {R"("context_length": 512)", R"("context_length": 0)", "context_length"},
      {R"("query": "query: ")", R"("query": 1)", "query"},
      {R"("default_prompt": "query")", R"("default_prompt": "passage")", "there is no prompt 'passage'"},
      {R"("default_prompt")", R"("tokenizer": "extra/tokenizer.bin", "default_prompt")", "pipeline.tokenizer"},
  };
  for (const Case& test : kCases) {
    const Result<Manifest> manifest = manifest_with(test.old_text, test.new_text);
    ASSERT_FALSE(manifest.ok()) << test.new_text;
    EXPECT_NE(manifest.status().message().find(test.message), std::string::npos) << manifest.status().message();
  }
}

}  // namespace
}  // namespace hearth
