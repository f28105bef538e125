#include "aoti/module.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <thread>

#include "aoti/testing/test_libraries.h"
#include "kernels/tensor_literals.h"

namespace hearth {
namespace {

constexpr int64_t kWorks = 0;
constexpr int64_t kFailsWithMessage = 1;
constexpr int64_t kFailsSilently = 2;
constexpr int64_t kFailsACheck = 3;

Result<std::unique_ptr<Module>> open(const std::string& library) {
  return Module::open(test_library(library), "forward@test", *open_device("cpu"));
}

std::unique_ptr<Module> open_bound() {
  std::unique_ptr<Module> module = *open("model");
  EXPECT_TRUE(module->bind(std::vector{tensor<float>({2}, {10, 20})}).ok());
  return module;
}

Result<std::vector<Tensor>> run(Module& module, Tensor x, int64_t mode = kWorks) {
  TestContext context(1);
  return module.run(context.get(), std::vector{std::move(x), tensor<int64_t>({}, {mode})});
}

void expect_error(const Status& status, StatusCode code, const std::string& words) {
  EXPECT_EQ(status.code(), code) << status.message();
  EXPECT_NE(status.message().find(words), std::string::npos) << status.message();
}

TEST(Module, DescribesItself) {
  const std::unique_ptr<Module> module = *open("model");
  EXPECT_EQ(module->input_count(), 2U);
  EXPECT_EQ(module->output_count(), 1U);
  ASSERT_EQ(module->constants().size(), 1U);
  EXPECT_EQ(module->constants()[0].name, "layer_bias");
  EXPECT_EQ(module->constants()[0].original_name, "layer.bias");
  EXPECT_EQ(module->constants()[0].dtype, DType::kFloat32);
  EXPECT_EQ(module->constants()[0].byte_count, 64U);
}

TEST(Module, RunsWithBoundConstants) {
  const std::unique_ptr<Module> module = open_bound();
  const auto outputs = run(*module, tensor<float>({2, 2}, {1, 2, 3, 4}));
  ASSERT_TRUE(outputs.ok()) << outputs.status().message();
  ASSERT_EQ(outputs->size(), 1U);
  EXPECT_EQ(values_of<float>((*outputs)[0]), (std::vector<float>{11, 22, 13, 24}));
}

TEST(Module, RunsWithItsOwnConstants) {
  const std::unique_ptr<Module> module = *open("model_with_weights");
  EXPECT_EQ(values_of<float>((*run(*module, tensor<float>({2}, {1, 2})))[0]), (std::vector<float>{11, 22}));
}

TEST(Module, RunsWithABlob) {
  alignas(64) const std::array<float, 16> blob{5, 6};
  const std::unique_ptr<Module> module = *open("model");
  ASSERT_TRUE(module->bind_blob(std::as_bytes(std::span(blob))).ok());
  EXPECT_EQ(values_of<float>((*run(*module, tensor<float>({2}, {1, 2})))[0]), (std::vector<float>{6, 8}));
}

TEST(Module, OutputsOutliveIt) {
  std::unique_ptr<Module> module = open_bound();
  const std::vector<Tensor> outputs = *run(*module, tensor<float>({2}, {1, 2}));
  module.reset();
  EXPECT_EQ(values_of<float>(outputs[0]), (std::vector<float>{11, 22}));
}

TEST(Module, RefusesToRunUnbound) {
  const std::unique_ptr<Module> module = *open("model");
  expect_error(run(*module, tensor<float>({2}, {1, 2})).status(), StatusCode::kInternal, "constants");
  EXPECT_FALSE(module->bind({}).ok());
  expect_error(run(*module, tensor<float>({2}, {1, 2})).status(), StatusCode::kInternal, "constants");
}

TEST(Module, RefusesConstantsThatDoNotFit) {
  const std::unique_ptr<Module> module = *open("model");
  EXPECT_EQ(module->bind({}).code(), StatusCode::kInvalidArgument);
  expect_error(module->bind(std::vector{tensor<double>({2}, {1, 2})}), StatusCode::kInvalidFile, "layer.bias");
  expect_error(module->bind(std::vector{counting<float>({17})}), StatusCode::kInvalidFile, "layer.bias");
  EXPECT_EQ(module->bind(std::vector{Tensor()}).code(), StatusCode::kInvalidFile);
  const std::array<std::byte, 63> blob{};
  expect_error(module->bind_blob(blob), StatusCode::kInvalidFile, "63 bytes");
}

TEST(Module, RefusesAWrongCountOfInputs) {
  const std::unique_ptr<Module> module = open_bound();
  TestContext context(1);
  for (const size_t count : {0U, 1U, 3U}) {
    const std::vector<Tensor> inputs(count, tensor<float>({2}, {1, 2}));
    EXPECT_EQ(module->run(context.get(), inputs).status().code(), StatusCode::kInvalidArgument) << count;
  }
}

TEST(Module, KeepsTheReasonOfAFailure) {
  const std::unique_ptr<Module> module = open_bound();
  const Tensor x = tensor<float>({2}, {1, 2});
  expect_error(run(*module, x, kFailsWithMessage).status(), StatusCode::kFailed, "not in the mood");
  expect_error(run(*module, x, kFailsSilently).status(), StatusCode::kFailed, "does not say why");
  expect_error(run(*module, x, kFailsACheck).status(), StatusCode::kFailed, "out of range");
  expect_error(run(*module, counting<float>({3})).status(), StatusCode::kFailed, "aoti_torch_cpu_add_Tensor");
  expect_error(run(*module, Tensor()).status(), StatusCode::kFailed, "aoti_torch_cpu_add_Tensor");
  EXPECT_TRUE(run(*module, x).ok()) << "a failure leaves nothing behind";
}

TEST(Module, RefusesLibrariesThatAreNoModels) {
  expect_error(open("harmless").status(), StatusCode::kInvalidFile, "AOTInductorModelContainerCreateWithDevice");
  expect_error(open("model_without_run").status(), StatusCode::kInvalidFile,
               "AOTInductorModelContainerRunSingleThreaded");
  expect_error(open("imports_system").status(), StatusCode::kInvalidFile, "forward@test");
  expect_error(open("model_that_fails").status(), StatusCode::kFailed, "no constants");
  EXPECT_EQ(Module::open({}, "empty", *open_device("cpu")).status().code(), StatusCode::kInvalidFile);
  EXPECT_EQ(sealed_mappings(), 0);
}

TEST(Module, LibtorchIsNotLoaded) {
  // The library gets as far as its own lack of a container.
  expect_error(Module::open(test_library("sticky"), "m", *open_device("cpu")).status(), StatusCode::kInvalidFile,
               "lacks");
}

TEST(Module, SeveralThreadsRunAtOnce) {
  const std::unique_ptr<Module> module = open_bound();
  const auto work = [&](float first) {
    for (int round = 0; round < 200; ++round) {
      const auto outputs = run(*module, tensor<float>({2}, {first, 2}));
      ASSERT_TRUE(outputs.ok());
      ASSERT_EQ(values_of<float>((*outputs)[0]), (std::vector<float>{first + 10, 22}));
      const int64_t mode = round % 2 == 0 ? kFailsWithMessage : kFailsACheck;
      ASSERT_FALSE(run(*module, tensor<float>({2}, {first, 2}), mode).ok());
    }
  };
  std::thread other([&] { work(1); });
  work(2);
  other.join();
}

TEST(Module, ReloadingLeavesNothingBehind) {
  const std::vector<std::byte> library = test_library("model");
  const Tensor bias = tensor<float>({2}, {10, 20});
  const auto round = [&] {
    const auto module = Module::open(library, "forward@test", *open_device("cpu"));
    ASSERT_TRUE(module.ok()) << module.status().message();
    ASSERT_TRUE((*module)->bind(std::vector{bias}).ok());
    ASSERT_TRUE((*module)->bind(std::vector{bias}).ok());
    ASSERT_TRUE(run(**module, bias).ok());
    ASSERT_FALSE(run(**module, counting<float>({3})).ok());
  };
  for (int i = 0; i < 100; ++i) round();
  const size_t before = mallinfo2().uordblks;
  for (int i = 0; i < 1000; ++i) round();
  // A leak of 64 bytes a round would show; the loader's own books may grow by a few pages.
  EXPECT_LT(mallinfo2().uordblks, before + 1000 * 64);
  EXPECT_EQ(sealed_mappings(), 0);
}

}  // namespace
}  // namespace hearth
