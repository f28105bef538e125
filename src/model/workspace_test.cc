#include "model/workspace.h"

#include <gtest/gtest.h>

#include <array>

#include "emulated_cuda/driver/emulated_cuda.h"
#include "hal/testing/emulated_driver.h"

namespace hearth {
namespace {

constexpr std::array<int64_t, 1> kShape{1000};

TEST(Workspace, OfTheHostHasOneMemoryAndNoStream) {
  Workspace workspace(open_device("cpu").value(), nullptr);
  EXPECT_EQ(&workspace.host(), &workspace.temporaries());
  EXPECT_EQ(workspace.stream().value(), nullptr);
}

TEST(Workspace, OfAGpuTakesFromTheModelsMemoryAndGivesEverythingBack) {
  if (!use_emulated_driver()) GTEST_SKIP() << "a real driver does not tell what is alive";
  {
    const std::shared_ptr<Device> device = open_device("cuda").value();
    std::shared_ptr<StreamOrderedPool> memory = device->create_pool().value();
    Workspace first(device, memory);
    Workspace second(device, memory);
    memory.reset();
    EXPECT_EQ(emulated_cuda_counts().streams, 0) << "before anything is run";
    const Tensor x = first.temporaries().empty(DType::kFloat32, kShape).value();
    const Tensor y = second.temporaries().empty(DType::kFloat32, kShape).value();
    const Tensor on_host = first.host().empty(DType::kFloat32, kShape).value();
    EXPECT_EQ(x.storage()->memory(), MemoryKind::kCuda);
    EXPECT_EQ(on_host.storage()->memory(), MemoryKind::kHost);
    EXPECT_NE(first.stream().value(), second.stream().value());
    EXPECT_EQ(emulated_cuda_counts().pools, 1);
    EXPECT_EQ(emulated_cuda_counts().streams, 2);
    EXPECT_EQ(emulated_cuda_counts().allocations, 2);
  }
  const EmulatedCudaCounts left = emulated_cuda_counts();
  EXPECT_EQ(left.contexts + left.streams + left.pools + left.allocations + left.bytes, 0);
}

}  // namespace
}  // namespace hearth
