// The emulated driver against what NVIDIA's documentation says of the real one, by the API itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "emulated_cuda/driver/entry_points.h"
#include "hal/cts/kernels.h"

namespace hearth::emulated_cuda {
namespace {

constexpr const char* kFill = kPtxKernels.data();  // A literal: it ends with a zero byte.

/// A started driver with two GPUs and the first one's context current.
class EmulatedDriver : public ::testing::Test {
 protected:
  void SetUp() override {
    configure(1);
    ASSERT_EQ(cuInit(0), CUDA_SUCCESS);
    start();
  }
  void TearDown() override {
    emulated_cuda_fail_call(0, 0);
    stop();
    EXPECT_EQ(emulated_cuda_counts().bytes, 0);
    EXPECT_EQ(emulated_cuda_counts().contexts, 0);
  }

  static void configure(uint64_t seed) {
    EmulatedCudaSettings settings = emulated_cuda_settings();
    settings.gpus = 2;
    settings.memory_bytes = 1 << 20;
    settings.seed = seed;
    ASSERT_TRUE(emulated_cuda_configure(&settings));
  }
  void start() {
    ASSERT_EQ(cuDevicePrimaryCtxRetain(&context_, 0), CUDA_SUCCESS);
    ASSERT_EQ(cuCtxPushCurrent_v2(context_), CUDA_SUCCESS);
  }
  static void stop() {
    EXPECT_EQ(cuCtxPopCurrent_v2(nullptr), CUDA_SUCCESS);
    EXPECT_EQ(cuDevicePrimaryCtxRelease_v2(0), CUDA_SUCCESS);
  }
  /// How many of 40 seeds `good` is false for; each has a context of its own.
  int failures(const std::function<bool()>& good) {
    int count = 0;
    for (uint64_t seed = 1; seed <= 40; ++seed) {
      stop();
      configure(seed);
      start();
      count += good() ? 0 : 1;
    }
    return count;
  }

  static CUdeviceptr allocate(size_t size) {
    CUdeviceptr address = 0;
    EXPECT_EQ(cuMemAlloc_v2(&address, size), CUDA_SUCCESS);
    return address;
  }
  static CUstream create_stream(unsigned flags) {
    CUstream stream = nullptr;
    EXPECT_EQ(cuStreamCreate(&stream, flags), CUDA_SUCCESS);
    return stream;
  }
  static unsigned char first_byte(CUdeviceptr address, CUstream stream) {
    unsigned char byte = 0;
    EXPECT_EQ(cuMemcpyDtoHAsync_v2(&byte, address, 1, stream), CUDA_SUCCESS);
    return byte;
  }

  CUcontext context_ = nullptr;
};

TEST_F(EmulatedDriver, RefusesWrongUseAsTheRealOneDoes) {
  const CUdeviceptr memory = allocate(64);
  const CUdeviceptr freed = allocate(64);
  ASSERT_EQ(cuMemFree_v2(freed), CUDA_SUCCESS);
  CUstream stream = create_stream(CU_STREAM_NON_BLOCKING);
  CUstream destroyed = create_stream(0);
  ASSERT_EQ(cuStreamDestroy_v2(destroyed), CUDA_SUCCESS);
  CUevent event = nullptr;
  ASSERT_EQ(cuEventCreate(&event, 0), CUDA_SUCCESS);
  CUmodule module = nullptr;
  ASSERT_EQ(cuModuleLoadData(&module, kFill), CUDA_SUCCESS);
  CUfunction fill = nullptr;
  ASSERT_EQ(cuModuleGetFunction(&fill, module, "fill"), CUDA_SUCCESS);
  const auto no_stream = reinterpret_cast<CUstream>(&stream);
  const auto no_event = reinterpret_cast<CUevent>(&stream);
  const auto no_function = reinterpret_cast<CUfunction>(&stream);
  const auto no_module = reinterpret_cast<CUmodule>(&stream);
  CUdeviceptr address = 0;
  CUcontext context = nullptr;
  CUfunction function = nullptr;
  int value = 0;
  std::array<char, 200> host{};
  std::array<void*, 3> arguments{&address, &value, &value};
  const auto launch = [&](unsigned grid, unsigned block, unsigned shared) {
    return cuLaunchKernel(fill, grid, 1, 1, block, 1, 1, shared, stream, arguments.data(), nullptr);
  };

  EXPECT_EQ(cuDeviceGet(&value, 2), CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(cuDevicePrimaryCtxRetain(&context, -1), CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(cuCtxPushCurrent_v2(reinterpret_cast<CUcontext>(&value)), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_EQ(cuMemAlloc_v2(&address, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemAlloc_v2(nullptr, 64), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemAlloc_v2(&address, 2 << 20), CUDA_ERROR_OUT_OF_MEMORY);
  EXPECT_EQ(cuMemFree_v2(freed), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemFree_v2(memory + 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemFreeHost(host.data()), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemcpyHtoDAsync_v2(memory, host.data(), 65, stream), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemcpyHtoDAsync_v2(memory, host.data(), 64, no_stream), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuMemcpyDtoHAsync_v2(host.data(), memory + 1, 64, stream), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemcpyDtoDAsync_v2(memory, freed, 64, stream), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemsetD8Async(freed, 0, 64, stream), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamSynchronize(destroyed), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuStreamDestroy_v2(destroyed), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuStreamWaitEvent(stream, no_event, 0), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuEventRecord(event, no_stream), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuModuleGetFunction(&function, module, "none"), CUDA_ERROR_NOT_FOUND);
  EXPECT_EQ(cuModuleGetFunction(&function, no_module, "fill"), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuModuleLoadData(&module, ".version 7.0\n.target sm_75\nnonsense"), CUDA_ERROR_INVALID_PTX);
  EXPECT_EQ(cuModuleLoadData(&module, ".version 99.0\n.target sm_75\n"), CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
  EXPECT_EQ(cuFuncSetAttribute(fill, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 1 << 20),
            CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_NUM_REGS, no_function), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(launch(0, 32, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(launch(1, 1025, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(launch(1, 32, (48 << 10) + 1), CUDA_ERROR_INVALID_VALUE);

  ASSERT_EQ(cuDevicePrimaryCtxRetain(&context, 1), CUDA_SUCCESS);
  ASSERT_EQ(cuCtxPushCurrent_v2(context), CUDA_SUCCESS);
  EXPECT_EQ(launch(1, 32, 0), CUDA_ERROR_INVALID_HANDLE) << "the function is the other context's";
  EXPECT_EQ(cuCtxPopCurrent_v2(nullptr), CUDA_SUCCESS);
  EXPECT_EQ(cuDevicePrimaryCtxRelease_v2(1), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxPushCurrent_v2(context), CUDA_ERROR_INVALID_CONTEXT);
  ASSERT_EQ(cuCtxPopCurrent_v2(&context), CUDA_SUCCESS);
  EXPECT_EQ(cuMemAlloc_v2(&address, 64), CUDA_ERROR_INVALID_CONTEXT);
  ASSERT_EQ(cuCtxPushCurrent_v2(context), CUDA_SUCCESS);
  EXPECT_EQ(cuMemAlloc_v2(&address, 64), CUDA_SUCCESS) << "nothing of all that had an effect";
}

TEST_F(EmulatedDriver, TheLegacyStreamTakesTurnsWithBlockingStreamsOnly) {
  const auto legacy_first = [&](unsigned flags) {
    return failures([&] {
      CUstream stream = create_stream(flags);
      const CUdeviceptr memory = allocate(1);
      EXPECT_EQ(cuMemsetD8Async(memory, 1, 1, nullptr), CUDA_SUCCESS);
      EXPECT_EQ(cuMemsetD8Async(memory, 2, 1, stream), CUDA_SUCCESS);
      EXPECT_EQ(cuStreamSynchronize(nullptr), CUDA_SUCCESS);
      EXPECT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
      return first_byte(memory, stream) == 2;
    });
  };
  EXPECT_EQ(legacy_first(0), 0);
  EXPECT_GT(legacy_first(CU_STREAM_NON_BLOCKING), 0);
  EXPECT_EQ(failures([&] {
              CUstream stream = create_stream(0);
              const CUdeviceptr memory = allocate(1);
              EXPECT_EQ(cuMemsetD8Async(memory, 1, 1, stream), CUDA_SUCCESS);
              return first_byte(memory, CU_STREAM_LEGACY) == 1;
            }),
            0);
}

TEST_F(EmulatedDriver, CopiesHostMemoryThatStaysInPlaceLate) {
  const auto changed_too_early = [&](bool pinned) {
    return failures([&] {
      CUstream stream = create_stream(CU_STREAM_NON_BLOCKING);
      const CUdeviceptr memory = allocate(1);
      unsigned char own = 1;
      void* host = &own;
      if (pinned) {
        EXPECT_EQ(cuMemAllocHost_v2(&host, 1), CUDA_SUCCESS);
      }
      std::memset(host, 1, 1);
      EXPECT_EQ(cuMemcpyHtoDAsync_v2(memory, host, 1, stream), CUDA_SUCCESS);
      std::memset(host, 2, 1);
      const unsigned char byte = first_byte(memory, stream);
      if (pinned) {
        EXPECT_EQ(cuMemFreeHost(host), CUDA_SUCCESS);
      }
      return byte == 1;
    });
  };
  EXPECT_EQ(changed_too_early(false), 0);
  EXPECT_GT(changed_too_early(true), 0);
}

TEST_F(EmulatedDriver, SaysWhatWorkUsedMemoryThatWasGivenBack) {
  const int failed = failures([&] {
    CUstream stream = create_stream(CU_STREAM_NON_BLOCKING);
    CUmemPoolProps properties{};
    properties.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
    properties.location = {CU_MEM_LOCATION_TYPE_DEVICE, 0};
    CUmemoryPool pool = nullptr;
    EXPECT_EQ(cuMemPoolCreate(&pool, &properties), CUDA_SUCCESS);
    CUdeviceptr memory = 0;
    EXPECT_EQ(cuMemAllocFromPoolAsync(&memory, 64, pool, stream), CUDA_SUCCESS);
    EXPECT_EQ(cuMemFreeAsync(memory, stream), CUDA_SUCCESS);
    // Whether the memory is seen to be gone at once or when the work is done depends on the seed.
    CUresult result = cuMemsetD8Async(memory, 1, 64, stream);
    if (result == CUDA_SUCCESS) result = cuStreamSynchronize(stream);
    if (result == CUDA_ERROR_ILLEGAL_ADDRESS) {
      const char* text = nullptr;
      EXPECT_EQ(cuGetErrorString(result, &text), CUDA_SUCCESS);
      EXPECT_NE(std::string(text).find("given back before"), std::string::npos) << text;
      EXPECT_EQ(cuMemAlloc_v2(&memory, 64), CUDA_ERROR_ILLEGAL_ADDRESS) << "the context is lost";
    }
    return result == CUDA_SUCCESS;
  });
  EXPECT_EQ(failed, 40);
}

TEST_F(EmulatedDriver, EventsPassForWhoeverAsksOftenEnough) {
  CUstream stream = create_stream(CU_STREAM_NON_BLOCKING);
  CUevent event = nullptr;
  ASSERT_EQ(cuEventCreate(&event, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuEventQuery(event), CUDA_SUCCESS);
  const CUdeviceptr memory = allocate(1);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(cuMemsetD8Async(memory, 1, 1, stream), CUDA_SUCCESS);
  EXPECT_EQ(cuEventRecord(event, stream), CUDA_SUCCESS);
  int asked = 1;
  while (cuEventQuery(event) == CUDA_ERROR_NOT_READY && asked < 100) ++asked;
  EXPECT_GT(asked, 1);
  EXPECT_LT(asked, 100);
  EXPECT_EQ(cuEventSynchronize(event), CUDA_SUCCESS);
}

TEST_F(EmulatedDriver, FailsTheCallThatItIsToldAndCounts) {
  const int64_t calls = emulated_cuda_calls("cuMemAlloc_v2");
  CUdeviceptr memory = 0;
  emulated_cuda_fail_call(2, CUDA_ERROR_UNKNOWN);
  EXPECT_EQ(cuMemAlloc_v2(&memory, 64), CUDA_SUCCESS);
  EXPECT_EQ(cuMemFree_v2(memory), CUDA_ERROR_UNKNOWN);
  EXPECT_STREQ(emulated_cuda_failed_call(), "cuMemFree_v2");
  EXPECT_EQ(emulated_cuda_counts().allocations, 0) << "it was given back all the same";
  emulated_cuda_fail_call(1, CUDA_ERROR_OUT_OF_MEMORY);
  EXPECT_EQ(cuMemAlloc_v2(&memory, 64), CUDA_ERROR_OUT_OF_MEMORY);
  EXPECT_EQ(emulated_cuda_counts().allocations, 0);
  EXPECT_EQ(emulated_cuda_calls("cuMemAlloc_v2"), calls + 2);
  EXPECT_EQ(emulated_cuda_calls("cuNothing"), 0);
}

/// A fatbin of one entry: its header of 16 bytes, the entry's of 64, the text.
std::string fatbin(const std::string& ptx, uint32_t compressed_size, uint64_t stated_size) {
  std::string bytes(16 + 64, '\0');
  const auto put = [&](size_t offset, auto value) { std::memcpy(bytes.data() + offset, &value, sizeof(value)); };
  put(0, uint32_t{0xBA55ED50});
  put(6, uint16_t{16});
  put(8, uint64_t{64 + ptx.size()});
  put(16, uint16_t{1});
  put(20, uint32_t{64});
  put(24, stated_size);
  put(32, compressed_size);
  return bytes + ptx;
}

TEST_F(EmulatedDriver, LoadsThePtxOfFatbins) {
  const std::string ptx = kFill;
  CUmodule module = nullptr;
  ASSERT_EQ(cuModuleLoadData(&module, fatbin(ptx, 0, ptx.size()).c_str()), CUDA_SUCCESS);
  CUfunction function = nullptr;
  EXPECT_EQ(cuModuleGetFunction(&function, module, "fill"), CUDA_SUCCESS);
  EXPECT_EQ(cuModuleUnload(module), CUDA_SUCCESS);
  EXPECT_EQ(cuModuleUnload(module), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuModuleLoadData(&module, fatbin(ptx, 100, ptx.size()).c_str()), CUDA_ERROR_NO_BINARY_FOR_GPU);
  EXPECT_EQ(cuModuleLoadData(&module, fatbin(ptx, 0, ptx.size() + 1).c_str()), CUDA_ERROR_INVALID_IMAGE);

  std::array<char, 300> log{};
  std::array options{CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  std::array<void*, 2> values{log.data(), reinterpret_cast<void*>(log.size())};
  EXPECT_EQ(cuModuleLoadDataEx(&module,
                               "\x7F"
                               "ELF",
                               2, options.data(), values.data()),
            CUDA_ERROR_NO_BINARY_FOR_GPU);
  EXPECT_NE(std::string(log.data()).find("runs PTX, not cubins"), std::string::npos) << log.data();
}

}  // namespace
}  // namespace hearth::emulated_cuda
