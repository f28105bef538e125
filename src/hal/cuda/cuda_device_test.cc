// What the conformance suite cannot ask of every device. Only with the emulated driver.
#include "hal/cuda/cuda_device.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <set>
#include <thread>

#include "base/errors.h"
#include "emulated_cuda/driver/emulated_cuda.h"
#include "hal/cts/kernels.h"
#include "hal/cuda/cuda_module.h"
#include "hal/cuda/cuda_stream.h"
#include "hal/memory_pool.h"
#include "hal/testing/emulated_driver.h"

namespace hearth {
namespace {

using Bytes = std::vector<std::byte>;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

class CudaDeviceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!use_emulated_driver()) GTEST_SKIP() << "HEARTH_CUDA_DRIVER is another driver";
    settings_ = emulated_cuda_settings();
    expect_nothing_alive();
  }
  void TearDown() override {
    emulated_cuda_fail_call(0, 0);
    if (settings_.gpus > 0) emulated_cuda_configure(&settings_);
  }

  static std::shared_ptr<CudaDevice> open(int ordinal = 0) {
    auto device = CudaDevice::open(ordinal);
    EXPECT_TRUE(device.ok()) << device.status().message();
    return *device;
  }
  static void expect_ok(const Status& status) { EXPECT_TRUE(status.ok()) << status.message(); }
  static void expect_says(const Status& status, StatusCode code, std::string_view part) {
    EXPECT_EQ(status.code(), code) << status.message();
    EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
  }
  static void expect_nothing_alive() {
    const EmulatedCudaCounts counts = emulated_cuda_counts();
    EXPECT_EQ(counts.contexts, 0);
    EXPECT_EQ(counts.streams, 0);
    EXPECT_EQ(counts.events, 0);
    EXPECT_EQ(counts.modules, 0);
    EXPECT_EQ(counts.pools, 0);
    EXPECT_EQ(counts.allocations, 0);
    EXPECT_EQ(counts.bytes, 0);
    EXPECT_EQ(counts.host_allocations, 0);
  }

  EmulatedCudaSettings settings_{};
};

void device_memory_round_trip(CudaDevice& device) {
  const auto stream = device.create_stream().value();
  const DeviceMemory memory = device.allocate(100).value();
  EXPECT_TRUE(device.fill(*stream, memory, 0, 100, std::byte{3}).ok());
  Bytes bytes(100);
  EXPECT_TRUE(device.copy_to_host(*stream, bytes, memory, 0).ok());
  EXPECT_TRUE(stream->synchronize().ok());
  EXPECT_EQ(bytes, Bytes(100, std::byte{3}));
  device.free(memory);
}

/// `value` plus 5 in each of 100 numbers, computed on the device with everything that it has.
Result<std::vector<uint32_t>> use_everything(int ordinal, uint32_t value) {
  HEARTH_ASSIGN_OR_RETURN(const std::shared_ptr<CudaDevice> device, CudaDevice::open(ordinal));
  HEARTH_ASSIGN_OR_RETURN(const auto stream, device->create_stream());
  HEARTH_ASSIGN_OR_RETURN(const auto other, device->create_stream());
  HEARTH_ASSIGN_OR_RETURN(const auto event, device->create_event());
  HEARTH_ASSIGN_OR_RETURN(const auto pool, device->create_pool());
  HEARTH_ASSIGN_OR_RETURN(const auto module, device->load_module(bytes_of(kPtxKernels)));
  HEARTH_ASSIGN_OR_RETURN(DeviceFunction* const fill, module->function("fill"));
  HEARTH_ASSIGN_OR_RETURN(DeviceFunction* const add, module->function("add"));
  HEARTH_RETURN_IF_ERROR(add->allow_shared_bytes(100000));
  HEARTH_RETURN_IF_ERROR(module->variable("table").status());
  HEARTH_RETURN_IF_ERROR(device->free_memory().status());

  std::vector<uint32_t> result(100);
  const auto compute = [&](DeviceMemory from, DeviceMemory to, std::span<std::byte> staging) -> Status {
    uint32_t count = 100;
    uint32_t five = 5;
    const std::array<void*, 3> fill_arguments{&from.address, &count, &value};
    const std::array<void*, 3> add_arguments{&to.address, &count, &five};
    const LaunchShape shape{.grid = {2}, .block = {64}};
    HEARTH_RETURN_IF_ERROR(device->copy_to_device(*stream, from, 0, staging));
    HEARTH_RETURN_IF_ERROR(device->fill(*stream, to, 0, 400, std::byte{1}));
    HEARTH_RETURN_IF_ERROR(fill->launch(*stream, shape, fill_arguments));
    HEARTH_RETURN_IF_ERROR(event->record(*stream));
    HEARTH_RETURN_IF_ERROR(event->wait(*other));
    HEARTH_RETURN_IF_ERROR(device->copy(*other, to, 0, from, 0, 400));
    HEARTH_RETURN_IF_ERROR(add->launch(*other, shape, add_arguments));
    HEARTH_RETURN_IF_ERROR(device->copy_to_host(*other, staging, to, 0));
    HEARTH_RETURN_IF_ERROR(other->synchronize());
    HEARTH_RETURN_IF_ERROR(event->query().status());
    std::memcpy(result.data(), staging.data(), 400);
    return {};
  };
  HEARTH_ASSIGN_OR_RETURN(const DeviceMemory to, device->allocate(400));
  Status status;
  const auto from = pool->allocate(*stream, 400);
  const auto staging = device->allocate_staging(400);
  if (!from.ok()) {
    status = from.status();
  } else if (!staging.ok()) {
    status = staging.status();
  } else {
    status = compute(*from, to, *staging);
  }
  // Staging memory is in use until the work is done, be it that a later call failed.
  (void)stream->synchronize();
  (void)other->synchronize();
  if (from.ok()) pool->free(*stream, *from);
  if (staging.ok()) device->free_staging(*staging);
  device->free(to);
  HEARTH_RETURN_IF_ERROR(status);
  return result;
}

TEST_F(CudaDeviceTest, ComputesWithTwoStreamsWhateverTheirOrder) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    EmulatedCudaSettings settings = settings_;
    settings.seed = seed;
    ASSERT_TRUE(emulated_cuda_configure(&settings));
    const auto result = use_everything(0, 7);
    ASSERT_TRUE(result.ok()) << result.status().message();
    EXPECT_EQ(*result, std::vector<uint32_t>(100, 12)) << seed;
    expect_nothing_alive();
  }
}

TEST_F(CudaDeviceTest, WithoutAnEventStreamsOvertakeEachOther) {
  int wrong = 0;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    EmulatedCudaSettings settings = settings_;
    settings.seed = seed;
    ASSERT_TRUE(emulated_cuda_configure(&settings));
    const auto device = open();
    const auto stream = device->create_stream().value();
    const auto other = device->create_stream().value();
    const DeviceMemory memory = device->allocate(4).value();
    expect_ok(device->fill(*stream, memory, 0, 4, std::byte{0}));
    expect_ok(stream->synchronize());
    expect_ok(device->fill(*stream, memory, 0, 4, std::byte{1}));
    Bytes bytes(4);
    expect_ok(device->copy_to_host(*other, bytes, memory, 0));
    expect_ok(other->synchronize());
    if (bytes != Bytes(4, std::byte{1})) ++wrong;
    device->free(memory);
  }
  EXPECT_GT(wrong, 5) << "the emulated driver has to show what is missing";
}

/// Calls whose failure is not the caller's business: what they give back is given back, and a warning is written.
const std::set<std::string_view> kNotTheCallersBusiness{"cuCtxGetCurrent",
                                                        "cuCtxPushCurrent_v2",
                                                        "cuCtxPopCurrent_v2",
                                                        "cuMemFree_v2",
                                                        "cuMemFreeAsync",
                                                        "cuMemFreeHost",
                                                        "cuMemPoolDestroy",
                                                        "cuStreamDestroy_v2",
                                                        "cuEventDestroy_v2",
                                                        "cuModuleUnload",
                                                        "cuDevicePrimaryCtxRelease_v2",
                                                        "cuStreamSynchronize"};

TEST_F(CudaDeviceTest, EveryFailureIsAStatusAndNothingIsLeaked) {
  setenv("HEARTH_LOG", "quiet", 1);
  ASSERT_TRUE(use_everything(0, 1).ok());
  const int64_t before = emulated_cuda_calls(nullptr);
  ASSERT_TRUE(use_everything(0, 1).ok());
  const int64_t calls = emulated_cuda_calls(nullptr) - before;
  const cuda::CUresult results[] = {cuda::CUDA_ERROR_OUT_OF_MEMORY, cuda::CUDA_ERROR_UNKNOWN,
                                    cuda::CUDA_ERROR_LAUNCH_FAILED};
  std::set<std::string> failed;
  for (int64_t nth = 1; nth <= calls; ++nth) {
    for (const cuda::CUresult failure : results) {
      emulated_cuda_fail_call(nth, failure);
      const auto result = use_everything(0, 7);
      emulated_cuda_fail_call(0, 0);
      const std::string name = emulated_cuda_failed_call();
      failed.insert(name);
      expect_nothing_alive();
      if (result.ok()) {
        EXPECT_TRUE(kNotTheCallersBusiness.contains(name)) << name << ", call " << nth;
        EXPECT_EQ(*result, std::vector<uint32_t>(100, 12)) << name;
      } else {
        EXPECT_FALSE(result.status().message().empty());
      }
    }
  }
  for (const char* name :
       {"cuDeviceGet",          "cuDevicePrimaryCtxRetain",    "cuStreamCreate",      "cuEventCreate",
        "cuMemPoolCreate",      "cuMemPoolSetAttribute",       "cuMemAlloc_v2",       "cuMemAllocFromPoolAsync",
        "cuMemAllocHost_v2",    "cuModuleLoadDataEx",          "cuModuleGetFunction", "cuFuncGetAttribute",
        "cuFuncSetAttribute",   "cuModuleGetGlobal_v2",        "cuLaunchKernel",      "cuMemcpyHtoDAsync_v2",
        "cuMemcpyDtoHAsync_v2", "cuMemcpyDtoDAsync_v2",        "cuMemsetD8Async",     "cuEventRecord",
        "cuStreamWaitEvent",    "cuStreamSynchronize",         "cuEventQuery",        "cuMemFree_v2",
        "cuModuleUnload",       "cuDevicePrimaryCtxRelease_v2"}) {
    EXPECT_TRUE(failed.contains(name)) << name << " was never made to fail";
  }
  unsetenv("HEARTH_LOG");
}

TEST_F(CudaDeviceTest, LoadsAndUnloadsAgainAndAgain) {
  for (int round = 0; round < 100; ++round) {
    const auto result = use_everything(round % 2, static_cast<uint32_t>(round));
    ASSERT_TRUE(result.ok()) << result.status().message();
    EXPECT_EQ(*result, std::vector<uint32_t>(100, static_cast<uint32_t>(round) + 5));
    expect_nothing_alive();
  }
}

TEST_F(CudaDeviceTest, ServesTwoGpusFromFourThreads) {
  std::vector<std::thread> threads;
  std::vector<int> good(4, 0);
  for (size_t t = 0; t < good.size(); ++t) {
    threads.emplace_back([&, t] {
      for (uint32_t round = 0; round < 10; ++round) {
        const auto result = use_everything(static_cast<int>(t % 2), round * 10 + static_cast<uint32_t>(t));
        good[t] += result.ok() && result->back() == round * 10 + t + 5 ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, std::vector<int>(4, 10));
  expect_nothing_alive();
}

TEST_F(CudaDeviceTest, SaysHowMuchMemoryWasAskedForAndIsFree) {
  const auto device = open();
  const auto stream = device->create_stream().value();
  const auto pool = device->create_pool().value();
  const uint64_t total = device->properties().memory_bytes;
  const DeviceMemory half = device->allocate(total / 2).value();
  EXPECT_EQ(device->free_memory().value(), total - total / 2);
  const std::string asked = std::to_string(total / 2 + 1) + " bytes of memory were asked for, " +
                            std::to_string(total - total / 2) + " of " + std::to_string(total) + " are free";
  expect_says(device->allocate(total / 2 + 1).status(), StatusCode::kOutOfMemory, asked);
  expect_says(pool->allocate(*stream, total / 2 + 1).status(), StatusCode::kOutOfMemory, asked);
  const DeviceMemory rest = pool->allocate(*stream, total / 2).value();
  pool->free(*stream, rest);
  pool->free(*stream, pool->allocate(*stream, total / 2).value());  // What was given back serves again.
  device->free(half);
}

TEST_F(CudaDeviceTest, WaitsForTheStreamWhereTheGpuHasNoPools) {
  EmulatedCudaSettings settings = settings_;
  settings.memory_pools = 0;
  ASSERT_TRUE(emulated_cuda_configure(&settings));
  const auto result = use_everything(0, 7);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(*result, std::vector<uint32_t>(100, 12));
  EXPECT_EQ(emulated_cuda_counts().bytes, 0);
}

TEST_F(CudaDeviceTest, SaysWhatHasToBeNewerForTheCode) {
  const auto current = cuda::open_driver().value();
  auto old = std::make_shared<cuda::Driver>(*current);
  old->version = 12040;
  EmulatedCudaSettings settings = settings_;
  settings.ptx_version = 84;
  ASSERT_TRUE(emulated_cuda_configure(&settings));
  const auto device = open();
  const auto context = cuda::Context::retain(old, 0).value();
  const auto load = [&](std::string_view code) {
    return cuda::CudaModule::load(context, device->properties(), bytes_of(code)).status();
  };
  expect_says(load(".version 8.7\n.target sm_80\n.visible .entry f()\n{\n  ret;\n}\n"), StatusCode::kUnavailable,
              "cuda:0: the NVIDIA driver is too old for this model's code: driver 550 (CUDA 12.4) reads PTX up to 8.4, "
              "the code is PTX 8.7: needs driver 570 or newer");
  expect_says(load(".version 8.0\n.target sm_90\n.visible .entry f()\n{\n  ret;\n}\n"), StatusCode::kUnavailable,
              "the code is for sm_90 and newer GPUs, this one (Emulated GPU) is sm_80");
  expect_says(load(".version 8.0\n.target sm_80\nnonsense\n"), StatusCode::kInvalidFile,
              "The driver's compiler says: ");
  Bytes cubin(64, std::byte{0});
  std::memcpy(cubin.data(),
              "\x7F"
              "ELF",
              4);
  cubin[18] = std::byte{190};
  expect_says(device->load_module(cubin).status(), StatusCode::kUnavailable, "--cuda-arch ptx");
}

TEST_F(CudaDeviceTest, LosesItsContextWhenCodeGoesWrong) {
  setenv("HEARTH_LOG", "quiet", 1);
  {
    const auto device = open();
    const auto other_gpu = open(1);
    const auto stream = device->create_stream().value();
    const auto module = device->load_module(bytes_of(kPtxKernels)).value();
    const DeviceMemory memory = device->allocate(400).value();
    uint32_t count = 101;
    uint32_t value = 1;
    void* address = memory.address;
    const std::array<void*, 3> arguments{&address, &count, &value};
    expect_ok(module->function("fill").value()->launch(*stream, {.grid = {2}, .block = {64}}, arguments));
    const Status lost = stream->synchronize();
    expect_says(lost, StatusCode::kFailed, "the process has to be started again");
    expect_says(lost, StatusCode::kFailed, "fill");
    EXPECT_EQ(device->allocate(10).status().code(), StatusCode::kFailed);
    EXPECT_EQ(CudaDevice::open(0).status().code(), StatusCode::kFailed);
    EXPECT_EQ(open_device("cuda:0").status().code(), StatusCode::kUnavailable);
    expect_ok(other_gpu->create_stream().status());
    device->free(memory);
  }
  expect_nothing_alive();
  unsetenv("HEARTH_LOG");
}

TEST_F(CudaDeviceTest, LeavesTheThreadsOwnContextInPlace) {
  const auto one = open(0);
  const auto two = open(1);
  const cuda::Driver& driver = one->context()->driver();
  const cuda::CurrentContext mine(*one->context());
  expect_ok(mine.status());
  device_memory_round_trip(*two);
  cuda::CUcontext current = nullptr;
  EXPECT_EQ(driver.cuCtxGetCurrent(&current), cuda::CUDA_SUCCESS);
  EXPECT_EQ(current, one->context()->handle());
  const int64_t pushes = emulated_cuda_calls("cuCtxPushCurrent_v2");
  device_memory_round_trip(*one);
  EXPECT_EQ(emulated_cuda_calls("cuCtxPushCurrent_v2"), pushes) << "it is current already";
}

TEST_F(CudaDeviceTest, LaunchesWithoutLookingAnythingUp) {
  const auto device = open();
  const auto stream = device->create_stream().value();
  const auto module = device->load_module(bytes_of(kPtxKernels)).value();
  const DeviceMemory memory = device->allocate(400).value();
  DeviceFunction& fill = *module->function("fill").value();
  uint32_t count = 100;
  uint32_t value = 1;
  void* address = memory.address;
  const std::array<void*, 3> arguments{&address, &count, &value};
  const cuda::CurrentContext current(*device->context());
  const int64_t calls = emulated_cuda_calls(nullptr);
  expect_ok(fill.launch(*stream, {.grid = {2}, .block = {64}}, arguments));
  EXPECT_EQ(emulated_cuda_calls(nullptr) - calls, 2) << "is the context current, and the launch";
  device->free(memory);
}

TEST_F(CudaDeviceTest, HoldsTheTensorsOfAMemoryPool) {
  {
    const auto device = open();
    const auto stream = device->create_stream().value();
    const auto pool = MemoryPool::create(device);
    const std::array<int64_t, 1> shape{1000};
    for (int round = 0; round < 3; ++round) {
      const Tensor tensor = pool->empty(DType::kFloat32, shape).value();
      const DeviceMemory memory{tensor.data(), 4000};
      expect_ok(device->fill(*stream, memory, 0, 4000, std::byte{1}));
      Bytes bytes(4000);
      expect_ok(device->copy_to_host(*stream, bytes, memory, 0));
      expect_ok(stream->synchronize());
      EXPECT_EQ(bytes, Bytes(4000, std::byte{1}));
    }
    EXPECT_EQ(pool->statistics().device_allocations, 1U);
  }
  expect_nothing_alive();
}

TEST_F(CudaDeviceTest, KnowsWhoseMemoryItCanUse) {
  const auto one = open(0);
  const auto two = open(1);
  EXPECT_TRUE(one->can_use_memory_of(*open(0)).value());
  EXPECT_FALSE(one->can_use_memory_of(*two).value());
}

}  // namespace
}  // namespace hearth
