#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "aoti/abi.h"
#include "aoti/import_gate.h"
#include "aoti/sealed_library.h"
#include "aoti/testing/test_libraries.h"
#include "kernels/cpu/kernel_test_support.h"

namespace hearth {
namespace {

using Function = int64_t (*)(int64_t);

constexpr const char* kFunctions[] = {
    "loop_int32",      "loop_uint32",    "loop_int64",          "loop_uint64",        "down_int32",
    "down_uint32",     "down_int64",     "down_uint64",         "sum_reduction",      "extreme_reduction",
    "collapsed_loops", "last_value",     "single_block",        "barrier_phases",     "critical_blocks",
    "atomic_updates",  "chosen_threads", "nested_regions",      "serialized_regions", "region_in_serialized_one",
    "thread_queries",  "many_captures",  "hundreds_of_captures"};
constexpr int64_t kSizes[] = {0, 1, 2, 3, 5, 64, 1000};

std::unique_ptr<SealedLibrary> open_library(const std::string& name) {
  const std::vector<std::byte> bytes = test_library(name);
  const Result<ElfFacts> facts = read_elf(bytes);
  EXPECT_TRUE(facts.ok());
  const Status status = check_imports(*facts);
  EXPECT_TRUE(status.ok()) << status.message();
  Result<std::unique_ptr<SealedLibrary>> library = SealedLibrary::open(bytes, name);
  EXPECT_TRUE(library.ok()) << library.status().message();
  return library.ok() ? *std::move(library) : nullptr;
}

/// testing/openmp.cpp as a compiler made it, beside the same program without OpenMP.
class OpenMp : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!has_test_library(GetParam())) GTEST_SKIP() << "the compiler is not on this machine";
    parallel_ = open_library(GetParam());
    sequential_ = open_library("openmp_none");
    ASSERT_TRUE(parallel_ && sequential_);
  }

  static Function function(const SealedLibrary& library, const char* name) {
    return reinterpret_cast<Function>(library.symbol(name));
  }

  void expect_sequential_answers(const char* name) const {
    const Function parallel = function(*parallel_, name);
    const Function sequential = function(*sequential_, name);
    ASSERT_TRUE(parallel && sequential) << name;
    for (const int64_t size : kSizes) EXPECT_EQ(parallel(size), sequential(size)) << name << " of " << size;
  }

  std::unique_ptr<SealedLibrary> parallel_;
  std::unique_ptr<SealedLibrary> sequential_;
};

TEST_P(OpenMp, AnswersAsASequentialProgram) {
  for (const int threads : {1, 2, 3}) {
    SCOPED_TRACE(std::to_string(threads) + " threads");
    TestContext context(threads);
    const KernelContext kernel_context = context.get();
    const ScopedKernelContext scope(kernel_context);
    for (const char* name : kFunctions) expect_sequential_answers(name);
  }
}

TEST_P(OpenMp, AnswersOutsideOfARun) {
  for (const char* name : kFunctions) expect_sequential_answers(name);
}

TEST_P(OpenMp, SeveralThreadsEnterRegionsAtOnce) {
  TestContext shared(2);
  TestContext own(2);
  const auto work = [&](TestContext& context) {
    const KernelContext kernel_context = context.get();
    const ScopedKernelContext scope(kernel_context);
    for (int round = 0; round < 5; ++round) {
      for (const char* name : kFunctions) expect_sequential_answers(name);
    }
  };
  std::thread first([&] { work(shared); });
  std::thread second([&] { work(shared); });
  std::thread third([&] { work(own); });
  first.join();
  second.join();
  third.join();
}

TEST_P(OpenMp, RegionsHaveTheThreadsOfTheRun) {
  TestContext context(2);
  const KernelContext kernel_context = context.get();
  const ScopedKernelContext scope(kernel_context);
  EXPECT_EQ(function(*parallel_, "region_width")(0), context.get().team->size());
}

TEST_P(OpenMp, AFailedCheckEndsItsRegionWithItsMessage) {
  for (const int threads : {1, 2}) {
    TestContext context(threads);
    const KernelContext kernel_context = context.get();
    const ScopedKernelContext scope(kernel_context);
    for (const int64_t failing : {0, 1, threads}) {
      EXPECT_EQ(function(*parallel_, "failing_check")(failing), 0);
      EXPECT_NE(take_shim_error().find("out of range"), std::string::npos) << failing << " of " << threads;
    }
    expect_sequential_answers("barrier_phases");
    EXPECT_EQ(take_shim_error(), "");
  }
}

INSTANTIATE_TEST_SUITE_P(Compilers, OpenMp, testing::Values("openmp_gcc", "openmp_clang"),
                         [](const auto& compiler) { return std::string(compiler.param).substr(7); });

}  // namespace
}  // namespace hearth
