#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "emulated_cuda/driver/entry_points.h"
#include "emulated_cuda/driver/gpu_limits.h"
#include "emulated_cuda/ptx/memory.h"
#include "emulated_cuda/ptx/module.h"
#include "hearth/status.h"

namespace hearth::emulated_cuda {

struct Context;
struct Module;

/// One thing that a stream does.
struct Operation {
  uint64_t sequence = 0;                  ///< Of all operations of the process.
  std::function<bool()> ready = nullptr;  ///< Empty: always.
  /// CUDA_SUCCESS, or what is wrong with the context from now on; `message` says more.
  std::function<CUresult(std::string& message)> run;
};

struct Stream {
  Context* context = nullptr;
  bool blocking = true;    ///< Takes turns with the legacy stream.
  bool destroyed = false;  ///< Lives until its work is done.
  std::deque<Operation> work;
};

/// Outlives its handle while a stream waits for it.
struct Event {
  Context* context = nullptr;
  uint64_t recorded = 0;  ///< Times so far.
  uint64_t passed = 0;    ///< The last record that a stream came to.
};

struct Pool {
  Context* context = nullptr;
  bool destroyed = false;  ///< Lives until its memory is given back.
  int64_t allocations = 0;
};

struct Allocation {
  size_t size = 0;
  Pool* pool = nullptr;
  bool being_freed = false;
};

struct Function {
  Module* module = nullptr;
  const ptx::Function* code = nullptr;
  int most_dynamic_shared_bytes = kUsualSharedBytes;
};

struct Module {
  Context* context = nullptr;
  std::shared_ptr<const ptx::Module> code;
  std::vector<uint64_t> globals;  ///< Addresses, in the order of code->globals().
  std::vector<std::unique_ptr<Function>> functions;
};

struct Gpu {
  explicit Gpu(size_t bytes) : memory(bytes) {}

  ptx::Memory memory;
  std::unique_ptr<Context> context;  ///< The primary one, while it is retained.
  int retained = 0;
};

struct Context {
  Gpu* gpu = nullptr;
  CUresult lost = CUDA_SUCCESS;  ///< Set by the first failing operation; every later call returns it.
  Stream legacy;
  std::vector<std::unique_ptr<Stream>> streams;
  std::vector<std::shared_ptr<Event>> events;
  std::vector<std::unique_ptr<Module>> modules;
  std::vector<std::unique_ptr<Pool>> pools;
  std::map<uint64_t, Allocation> allocations;
};

/// Everything there is. Guarded by `mutex`, which every entry point holds from start to end, kernels included.
class State {
 public:
  static State& get();

  std::mutex mutex;
  EmulatedCudaSettings settings;
  bool initialized = false;
  std::vector<std::unique_ptr<Gpu>> gpus;
  std::map<const void*, size_t> host_allocations;
  std::map<std::string, int64_t, std::less<>> calls;
  int64_t all_calls = 0;
  int64_t launches = 0;
  int64_t bytes_to_host = 0;
  int64_t fail_countdown = 0;
  CUresult fail_result = CUDA_SUCCESS;
  const char* failed_call = nullptr;
  std::string always_failing;  ///< From HEARTH_EMULATED_FAIL.
  CUresult always_result = CUDA_SUCCESS;
  std::mt19937_64 random;

  void read_environment();
  void make_gpus();

  // Handles that are not alive give null.
  Context* context(CUcontext handle);
  /// Null and CU_STREAM_LEGACY are the current context's legacy stream.
  Stream* stream(Context& current, CUstream handle);
  std::shared_ptr<Event> event(CUevent handle);
  Module* module(CUmodule handle);
  Function* function(CUfunction handle);
  Pool* pool(CUmemoryPool handle);
  /// The context that an allocation belongs to.
  Context* owner(CUdeviceptr address);
  /// Whether [address, address + size) lies in memory of cuMemAllocHost.
  bool pinned(const void* address, size_t size) const;

  /// Appends to a stream, and now and then runs something.
  void enqueue(Stream& stream, Operation operation);
  /// Runs operations until `done`; false when nothing is left that could run.
  bool run_until(const std::function<bool()>& done);
  void run_all();
  /// Runs one operation of a stream that is drawn; false when there is none.
  bool step();

  /// Gives memory back at once.
  void free_now(Context& context, CUdeviceptr address);
  void destroy_context(Gpu& gpu);
  void forget_finished();

 private:
  State();
  bool runnable(const Stream& stream) const;
  std::vector<Stream*> runnable_streams();
  void run_front(Stream& stream);

  uint64_t sequence_ = 0;
};

/// Contexts that are current on this thread, the last one on top.
std::vector<CUcontext>& current_contexts();

/// Keeps a text for good, for cuGetErrorString: what a CUresult means now.
void describe_error(CUresult result, const std::string& text);

template <typename Handle, typename Object>
Handle handle_of(Object* object) {
  return reinterpret_cast<Handle>(object);
}

}  // namespace hearth::emulated_cuda
