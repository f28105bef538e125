#pragma once

#include <stdint.h>

/// Controls of libcuda_emulated.so, for tests. The library has the CUDA driver API's entry points; its GPUs are this
/// process's memory and an interpreter of PTX. Where a program opens it by itself, the environment sets it up, read by
/// cuInit():
///   HEARTH_EMULATED_GPUS     how many (1); 0: cuInit fails as on a machine without
///   HEARTH_EMULATED_MEMORY   bytes of each (8 GiB)
///   HEARTH_EMULATED_CUDA     the driver's version, as 12040 for 12.4 (13000)
///   HEARTH_EMULATED_PTX      the newest PTX that it reads, as 84 for 8.4 (90)
///   HEARTH_EMULATED_SEED     chooses in which order streams run (1)
///   HEARTH_EMULATED_FAIL     cuInit=803: every call of that function fails with that CUresult
///
/// Streams run late: when someone waits for them, and now and then before. Which one goes on is drawn by the seed, so
/// that work that should have waited for an event sees old bytes. Copies between the device and ordinary host memory
/// are done when the call returns, as with the real driver; those with memory of cuMemAllocHost run late as well.
/// All functions are thread-safe.
#ifdef __cplusplus
extern "C" {
#endif

#define EMULATED_CUDA_API __attribute__((visibility("default")))

struct EmulatedCudaSettings {
  int gpus;
  uint64_t memory_bytes;
  int cuda_version;
  int ptx_version;
  int memory_pools;  ///< 0: the GPUs have none.
  uint64_t seed;
};

/// What is alive, in all contexts together. `launches` and `bytes_to_host` count what was launched and copied from GPUs
/// to the host so far.
struct EmulatedCudaCounts {
  int64_t contexts;
  int64_t streams;
  int64_t events;
  int64_t modules;
  int64_t pools;
  int64_t allocations;
  int64_t bytes;
  int64_t host_allocations;
  int64_t launches;
  int64_t bytes_to_host;
};

EMULATED_CUDA_API struct EmulatedCudaSettings emulated_cuda_settings(void);
/// Takes effect at once. Returns 0 and changes nothing while a context lives.
EMULATED_CUDA_API int emulated_cuda_configure(const struct EmulatedCudaSettings* settings);
EMULATED_CUDA_API struct EmulatedCudaCounts emulated_cuda_counts(void);
/// Calls of a function so far, by its exported name ("cuMemAlloc_v2"); of all functions together for null.
EMULATED_CUDA_API int64_t emulated_cuda_calls(const char* function);
/// The `nth` call from now (1: the next one) of any function but cuGetError* fails with `result`; 0: none does. A call
/// that gives something back does so all the same, like the real ones, which report what went wrong before.
EMULATED_CUDA_API void emulated_cuda_fail_call(int64_t nth, int result);
/// The name of the function that emulated_cuda_fail_call() made fail last; null before.
EMULATED_CUDA_API const char* emulated_cuda_failed_call(void);

#ifdef __cplusplus
}
#endif
