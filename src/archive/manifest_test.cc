#include "archive/manifest.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <utility>

#include "archive/testing/archive_builder.h"

namespace hearth {
namespace {

using testing::small_manifest;

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t place = text.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  return text.replace(place, from.size(), to);
}

TEST(Manifest, HoldsWhatTheFileSays) {
  const Result<Manifest> manifest = parse_manifest(small_manifest());
  ASSERT_TRUE(manifest.ok()) << manifest.status().message();
  const MethodSpec& method = manifest->methods.at("forward");
  EXPECT_EQ(method.inputs[0].shape[0].symbol, "n");
  EXPECT_EQ(method.inputs[0].dim_order, (std::vector<int>{0, 2, 3, 1}));
  EXPECT_EQ(method.outputs[0].shape[0].multiply, 2);
  EXPECT_EQ(method.outputs[0].shape[0].add, 1);
  EXPECT_TRUE(method.outputs[0].shape[1].unknown);
  EXPECT_EQ(method.symbols.at("n").max, 64);
  EXPECT_EQ(method.targets.at("cpu-x86_64-v3").constants.at("w_0"), "w");
  ASSERT_TRUE(manifest->pipeline.has_value());
  EXPECT_EQ(manifest->pipeline->preprocess.resize_height, 8);
  EXPECT_DOUBLE_EQ(manifest->goldens[0].outputs[0].atol, 1e-4);
}

TEST(Manifest, SaysWhatAGpuHasToBe) {
  const std::pair<const char*, int> versions[] = {{"8.0", 80}, {"7.5", 75}, {"12.1", 121}};
  for (const auto& [text, number] : versions) {
    const std::string gpu = fmt::format(R"("cuda": {{"compute_capability": "{}", "ptx": "8.0"}}, "constants")", text);
    const Result<Manifest> manifest = parse_manifest(replaced(small_manifest(), R"("constants")", gpu));
    ASSERT_TRUE(manifest.ok()) << manifest.status().message();
    EXPECT_EQ(manifest->methods.at("forward").targets.at("cpu-x86_64-v3").compute_capability, number);
  }
  EXPECT_EQ(parse_manifest(small_manifest())->methods.at("forward").targets.at("cpu-x86_64-v3").compute_capability, 0);
}

struct BadField {
  const char* from;
  const char* to;
  const char* message;
};

TEST(Manifest, NamesTheFieldThatIsWrong) {
  const BadField fields[] = {
      {R"("format": 1)", R"("format": 2)", "extra/hearth.json.format: the file is of format 2"},
      {R"("format": 1)", R"("format": "1")", "format: a whole number"},
      {R"("format": 1, )", "", "'format' is missing"},
      {R"("name": "small")", R"("name": 7)", "name: a string"},
      {R"("name": "small")", R"("name": "small", "methods": {})", "'methods' occurs twice"},
      {R"("dtype": "float32", "format")", R"("dtype": "float32", "dtype": "int8", "format")",
       "tensors.w: 'dtype' occurs twice"},
      {R"("w_0": "w")", R"("w_0": "w", "w_0": "w")", "constants: 'w_0' occurs twice"},
      {R"("dtype": "float32", "format")", R"("dtype": "float33", "format")", "tensors.w.dtype: 'float33'"},
      {R"("format": "f32")", R"("format": "f33")", "tensors.w.format: 'f33'"},
      {R"("shape": [2])", R"("shape": [3])", "tensors.w: it reaches beyond"},
      {R"("shape": [2])", R"("shape": [-2])", "tensors.w.shape[0]: -2"},
      {R"("shape": [2])", R"("shape": [9223372036854775807])", "tensors.w: it reaches beyond"},
      {R"("strides": [1])", R"("strides": [1, 1])", "tensors.w.strides"},
      {R"("offset": 0)", R"("offset": 4)", "tensors.w: it reaches beyond"},
      {R"("record": "data/weights/weight_0")", R"("record": "data/weights/weight_1")",
       "the record 'data/weights/weight_1'"},
      {R"("min": 1, "max": 64)", R"("min": 65, "max": 64)", "symbols.n.max: 64 is not within 65"},
      {R"("shape": ["n", 3, 8, 8])", R"("shape": ["m", 3, 8, 8])", "input 'x' has a symbol"},
      {R"("shape": ["n", 3, 8, 8])", R"("shape": ["0*n", 3, 8, 8])", "inputs[0].shape[0]: '0*n'"},
      {R"("shape": ["n", 3, 8, 8])", R"("shape": ["n+", 3, 8, 8])", "'n+'"},
      {R"("shape": ["n", 3, 8, 8])", R"("shape": ["n+-1", 3, 8, 8])", "'n+-1'"},
      {R"("shape": ["n", 3, 8, 8])", R"("shape": [null, 3, 8, 8])", "inputs[0].shape[0]"},
      {R"("dim_order": [0, 2, 3, 1])", R"("dim_order": [0, 2, 3, 3])", "dim_order: a permutation"},
      {R"("dim_order": [0, 2, 3, 1])", R"("dim_order": [0, 1])", "dim_order: a permutation"},
      {R"("cpu_features": ["avx2"])", R"("cpu_features": "avx2")", "cpu_features: an array"},
      {R"("constants": {"w_0": "w"})", R"("constants": {"w_0": "v"})", "constants.w_0: the tensor 'v'"},
      {R"("cpu-x86_64-v3": {"device")", R"("CPU": {"device")", "'CPU' is not a target's name"},
      {R"("methods": {"forward")", R"("methods": {"for ward")", "'for ward' is not a method's name"},
      {R"("constants")", R"("cuda": {"ptx": "8.0"}, "constants")", "'compute_capability' is missing"},
      {R"("constants")", R"("cuda": {"compute_capability": 8.0}, "constants")", "compute_capability: a string"},
      {R"("constants")", R"("cuda": {"compute_capability": "8"}, "constants")", "'8' is no version"},
      {R"("constants")", R"("cuda": {"compute_capability": "8.x"}, "constants")", "'8.x' is no version"},
      {R"("constants")", R"("cuda": {"compute_capability": "-8.0"}, "constants")", "'-8.0' is no version"},
      {R"("constants")", R"("cuda": {"compute_capability": "8.12"}, "constants")", "'8.12' is no version"},
      {R"("atol": 0.0001)", R"("atol": -1)", "goldens[0].outputs[0].atol: a tolerance"},
      {R"("method": "forward", "case")", R"("method": "back", "case")", "goldens[0].method: there is no method 'back'"},
      {R"("input": "x")", R"("input": "z")", "pipeline.input: method 'forward' has no input 'z'"},
      {R"("channels": 3)", R"("channels": 2)", "channels: 1 or 3"},
      {R"("std": [1, 1, 1])", R"("std": [1, 0, 1])", "'std' must not be 0"},
      {R"("mean": [0, 0, 0])", R"("mean": [0, 0])", "mean: 3 numbers"},
      {R"("mode": "shortest_edge")", R"("mode": "longest")", "mode: 'longest'"},
  };
  for (const BadField& field : fields) {
    const Status status = parse_manifest(replaced(small_manifest(), field.from, field.to)).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidFile) << field.to;
    EXPECT_NE(status.message().find(field.message), std::string::npos) << field.to << " gave: " << status.message();
  }
}

TEST(Manifest, RefusesWhatIsNoJson) {
  for (const char* text : {"", "{", "[1, 2", "nul", "{\"a\": 1}}", "\xff\xfe"}) {
    EXPECT_EQ(parse_manifest(text).status().code(), StatusCode::kInvalidFile) << text;
  }
  const std::string deep = std::string(5000, '[') + std::string(5000, ']');
  EXPECT_EQ(parse_manifest(deep).status().code(), StatusCode::kInvalidFile);
}

TEST(Manifest, IgnoresKeysItDoesNotKnow) {
  EXPECT_TRUE(
      parse_manifest(replaced(small_manifest(), R"("format": 1)", R"("format": 1, "future": {"x": [1]})")).ok());
}

}  // namespace
}  // namespace hearth
