#include "aoti/fallback_nodes.h"

#include <fmt/format.h>

#include "kernels/tensor_literals.h"

namespace hearth {
namespace {

/// One node: bincount(self, weights, minlength), with another part where `part` names it.
std::string bincount_node(std::string_view weights = R"({"as_none": true})",
                          std::string_view outputs = R"([{"as_tensor": {"name": "buf1"}}])",
                          std::string_view target = "aten::bincount") {
  return fmt::format(
      R"({{"nodes": [{{"name": "buf0", "node": {{"target": "{}", "inputs": [
           {{"name": "self", "arg": {{"as_tensor": {{"name": "arg0"}}}}, "kind": 1}},
           {{"name": "weights", "arg": {}, "kind": 1}},
           {{"name": "minlength", "arg": {{"as_sym_int": {{"as_name": "s0"}}}}, "kind": 1}}],
           "outputs": {}, "metadata": {{}}}}}}]}})",
      target, weights, outputs);
}

class FallbackNodes : public testing::Test {
 protected:
  /// Calls the only node of `json`.
  Result<Tensor> call(const std::string& json, std::vector<int64_t> integers, std::vector<Tensor> inputs) {
    const Result<std::vector<FallbackNode>> nodes = parse_fallback_nodes(json);
    if (!nodes.ok()) return nodes.status();
    Tensor result;
    std::vector<Tensor*> tensors;
    for (Tensor& input : inputs) tensors.push_back(&input);
    tensors.push_back(&result);
    HEARTH_RETURN_IF_ERROR(call_fallback_node(context_, nodes->front(), integers, tensors));
    return result;
  }

  TestContext team_{1};
  KernelContext context_ = team_.get();
  const Tensor numbers_ = tensor<int64_t>({4}, {1, 3, 1, 0});
};

TEST_F(FallbackNodes, TakeWhatTheCallPassesInTheOrderOfTheArguments) {
  expect_tensor<int64_t>(call(bincount_node(), {6}, {numbers_}), {6}, {1, 2, 0, 1, 0, 0});
  const std::string weighted = bincount_node(R"({"as_tensor": {"name": "arg1"}})");
  expect_tensor<float>(call(weighted, {0}, {numbers_, tensor<float>({4}, {1, 2, 4, 8})}), {4}, {8, 5, 0, 2});
}

TEST_F(FallbackNodes, CallsThatPassTooLittleOrTheWrongThingAreRefused) {
  expect_refused(call(bincount_node(), {}, {numbers_}), "0 integers");
  expect_refused(call(bincount_node(), {6}, {numbers_, numbers_}), "3 tensors");
  expect_refused(call(bincount_node(R"({"as_bool": true})"), {6}, {numbers_}), "argument 1 is of a kind");
  expect_refused(
      call(bincount_node(R"({"as_none": true})", R"([{"as_tensor": {}}, {"as_none": true}])"), {6}, {numbers_}),
      "1 results");
  expect_refused(call(bincount_node(), {6}, {tensor<float>({1}, {0.5F})}), "aten::bincount");
}

struct Broken {
  std::string json;
  StatusCode code;
  std::string_view part;
};

TEST_F(FallbackNodes, WhatIsWrongInTheFileIsNamed) {
  const Broken cases[] = {
      {"{", StatusCode::kInvalidFile, "not JSON"},
      {"{}", StatusCode::kInvalidFile, "'nodes' is missing"},
      {R"({"nodes": 3})", StatusCode::kInvalidFile, "an array"},
      {R"({"nodes": [{}]})", StatusCode::kInvalidFile, "nodes[0]: 'node' is missing"},
      {bincount_node("{}"), StatusCode::kInvalidFile, "one member"},
      {bincount_node(R"({"as_graph": {}})"), StatusCode::kInvalidFile, "as_graph: an argument of this kind"},
      {bincount_node(R"({"as_scalar_type": 31})"), StatusCode::kInvalidFile, "31 is not a dtype"},
      {bincount_node(R"({"as_none": true})", R"([{"as_int": 3}])"), StatusCode::kInvalidFile, "as_int"},
      {bincount_node(R"({"as_none": true})", "[]", "aten::no_such"), StatusCode::kUnavailable, "aten::no_such"},
      {bincount_node(R"({"as_none": true})", "[]", "aten::_conj"), StatusCode::kInvalidFile, "takes 1 arguments"},
  };
  for (const Broken& broken : cases) {
    const Status status = parse_fallback_nodes(broken.json).status();
    EXPECT_EQ(status.code(), broken.code) << broken.json;
    EXPECT_NE(status.message().find(broken.part), std::string::npos) << status.message();
  }
}

}  // namespace
}  // namespace hearth
