#include <algorithm>
#include <cstring>
#include <new>

#include "emulated_cuda/driver/call.h"

namespace hearth::emulated_cuda {
namespace {

constexpr size_t kHostAlignment = 4096;

/// Memory of the context's GPU, known as its own.
CUresult allocate(State& state, Context& context, size_t size, Pool* pool, CUdeviceptr* address) {
  if (!address || size == 0) return CUDA_ERROR_INVALID_VALUE;
  Result<uint64_t> memory = context.gpu->memory.allocate(size);
  if (!memory.ok()) {
    state.run_all();  // What is being freed may be enough.
    memory = context.gpu->memory.allocate(size);
  }
  if (!memory.ok()) return CUDA_ERROR_OUT_OF_MEMORY;
  context.allocations[*memory] = {.size = size, .pool = pool};
  if (pool) pool->allocations += 1;
  *address = *memory;
  return CUDA_SUCCESS;
}

std::byte* find(State& state, CUdeviceptr address, size_t size) {
  Context* context = state.owner(address);
  return context ? context->gpu->memory.find(address, size) : nullptr;
}

CUresult not_there(const char* what, CUdeviceptr address, size_t size, std::string& message) {
  message = std::string(what) + " of " + std::to_string(size) + " bytes at " + std::to_string(address) +
            ": the memory was given back before the copy was done";
  return CUDA_ERROR_ILLEGAL_ADDRESS;
}

/// Copies that find their memory in place when they are called may not when they are run.
Operation copy_in(State& state, CUdeviceptr to, size_t size, std::function<const void*()> source) {
  return {.run = [&state, to, size, source = std::move(source)](std::string& message) {
    std::byte* place = find(state, to, size);
    const void* from = source();
    if (!place || !from) return not_there("a copy to the device", to, size, message);
    std::memcpy(place, from, size);
    state.owner(to)->gpu->memory.mark_written(to, size);
    return CUDA_SUCCESS;
  }};
}

Operation copy_out(State& state, void* to, CUdeviceptr from, size_t size, bool pinned) {
  return {.run = [&state, to, from, size, pinned](std::string& message) {
    const std::byte* place = find(state, from, size);
    if (!place || (pinned && !state.pinned(to, size))) return not_there("a copy to the host", from, size, message);
    std::memcpy(to, place, size);
    return CUDA_SUCCESS;
  }};
}

Operation copy_within(State& state, CUdeviceptr to, CUdeviceptr from, size_t size) {
  return {.run = [&state, to, from, size](std::string& message) {
    std::byte* place = find(state, to, size);
    const std::byte* source = find(state, from, size);
    if (!place || !source) return not_there("a copy on the device", to, size, message);
    Context& owner = *state.owner(to);
    if (&owner == state.owner(from)) {
      (void)owner.gpu->memory.copy(to, from, size);
    } else {
      std::memcpy(place, source, size);
      owner.gpu->memory.mark_written(to, size);
    }
    return CUDA_SUCCESS;
  }};
}

}  // namespace

extern "C" {

CUresult cuMemGetInfo_v2(size_t* free, size_t* total) {
  EMULATED_CONTEXT_CALL("cuMemGetInfo_v2");
  if (!free || !total) return CUDA_ERROR_INVALID_VALUE;
  *total = current->gpu->memory.capacity();
  *free = *total - current->gpu->memory.allocated_bytes();
  return CUDA_SUCCESS;
}

CUresult cuMemAlloc_v2(CUdeviceptr* address, size_t size) {
  EMULATED_CONTEXT_CALL("cuMemAlloc_v2");
  return allocate(state, *current, size, nullptr, address);
}

CUresult cuMemFree_v2(CUdeviceptr address) {
  EMULATED_CALL("cuMemFree_v2", kGivesBack);
  CUresult result = CUDA_SUCCESS;
  if (!call.current_or_lost(result)) return result;
  Context* owner = state.owner(address);
  if (!owner || !owner->allocations.contains(address)) return CUDA_ERROR_INVALID_VALUE;
  if (owner->allocations[address].being_freed) return CUDA_ERROR_INVALID_VALUE;
  state.run_all();
  state.free_now(*owner, address);
  state.forget_finished();
  return call.finish(owner->lost);
}

CUresult cuMemAllocHost_v2(void** address, size_t size) {
  EMULATED_CONTEXT_CALL("cuMemAllocHost_v2");
  if (!address || size == 0) return CUDA_ERROR_INVALID_VALUE;
  void* memory = ::operator new(size, std::align_val_t{kHostAlignment}, std::nothrow);
  if (!memory) return CUDA_ERROR_OUT_OF_MEMORY;
  state.host_allocations[memory] = size;
  *address = memory;
  return CUDA_SUCCESS;
}

CUresult cuMemFreeHost(void* address) {
  EMULATED_CALL("cuMemFreeHost", kGivesBack);
  CUresult result = CUDA_SUCCESS;
  if (!call.current_or_lost(result)) return result;
  if (state.host_allocations.erase(address) == 0) return CUDA_ERROR_INVALID_VALUE;
  ::operator delete(address, std::align_val_t{kHostAlignment});
  return call.finish(CUDA_SUCCESS);
}

CUresult cuMemPoolCreate(CUmemoryPool* pool, const CUmemPoolProps* properties) {
  EMULATED_CALL("cuMemPoolCreate");
  if (!pool || !properties || properties->allocType != CU_MEM_ALLOCATION_TYPE_PINNED ||
      properties->location.type != CU_MEM_LOCATION_TYPE_DEVICE) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  if (!std::ranges::all_of(properties->reserved, [](unsigned char byte) { return byte == 0; })) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  if (state.settings.memory_pools == 0) return CUDA_ERROR_NOT_SUPPORTED;
  const auto ordinal = static_cast<size_t>(properties->location.id);
  if (ordinal >= state.gpus.size()) return CUDA_ERROR_INVALID_DEVICE;
  Context* context = state.gpus[ordinal]->context.get();
  if (!context) return CUDA_ERROR_INVALID_CONTEXT;
  context->pools.push_back(std::make_unique<Pool>(Pool{.context = context}));
  *pool = handle_of<CUmemoryPool>(context->pools.back().get());
  return CUDA_SUCCESS;
}

CUresult cuMemPoolDestroy(CUmemoryPool handle) {
  EMULATED_CALL("cuMemPoolDestroy", kGivesBack);
  Pool* pool = state.pool(handle);
  if (!pool) return CUDA_ERROR_INVALID_VALUE;
  pool->destroyed = true;
  state.forget_finished();
  return call.finish(CUDA_SUCCESS);
}

CUresult cuMemPoolSetAttribute(CUmemoryPool handle, CUmemPool_attribute attribute, void* value) {
  EMULATED_CALL("cuMemPoolSetAttribute");
  if (!state.pool(handle) || !value || attribute != CU_MEMPOOL_ATTR_RELEASE_THRESHOLD) return CUDA_ERROR_INVALID_VALUE;
  return CUDA_SUCCESS;
}

CUresult cuMemPoolTrimTo(CUmemoryPool handle, size_t) {
  EMULATED_CALL("cuMemPoolTrimTo", kGivesBack);
  return state.pool(handle) ? call.finish(CUDA_SUCCESS) : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuMemAllocFromPoolAsync(CUdeviceptr* address, size_t size, CUmemoryPool handle, CUstream stream_handle) {
  EMULATED_CONTEXT_CALL("cuMemAllocFromPoolAsync");
  Pool* pool = state.pool(handle);
  if (!pool) return CUDA_ERROR_INVALID_VALUE;
  if (!state.stream(*current, stream_handle)) return CUDA_ERROR_INVALID_HANDLE;
  return allocate(state, *pool->context, size, pool, address);
}

CUresult cuMemFreeAsync(CUdeviceptr address, CUstream stream_handle) {
  EMULATED_CALL("cuMemFreeAsync", kGivesBack);
  CUresult result = CUDA_SUCCESS;
  Context* current = call.current_or_lost(result);
  if (!current) return result;
  Stream* stream = state.stream(*current, stream_handle);
  if (!stream) return CUDA_ERROR_INVALID_HANDLE;
  Context* owner = state.owner(address);
  const auto found = owner ? owner->allocations.find(address) : decltype(owner->allocations.end()){};
  if (!owner || found == owner->allocations.end() || found->second.being_freed) return CUDA_ERROR_INVALID_VALUE;
  if (current->lost != CUDA_SUCCESS) {
    state.free_now(*owner, address);
    state.forget_finished();
    return current->lost;
  }
  found->second.being_freed = true;
  state.enqueue(*stream, {.run = [&state, owner, address](std::string&) {
    state.free_now(*owner, address);
    return CUDA_SUCCESS;
  }});
  return call.finish(CUDA_SUCCESS);
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, size_t size, CUstream stream_handle) {
  EMULATED_CONTEXT_CALL("cuMemcpyHtoDAsync_v2");
  Stream* stream = state.stream(*current, stream_handle);
  if (!stream) return CUDA_ERROR_INVALID_HANDLE;
  if (size == 0) return CUDA_SUCCESS;
  if (!from || !find(state, to, size)) return CUDA_ERROR_INVALID_VALUE;
  if (state.pinned(from, size)) {
    state.enqueue(*stream,
                  copy_in(state, to, size, [&state, from, size] { return state.pinned(from, size) ? from : nullptr; }));
    return CUDA_SUCCESS;
  }
  const auto* bytes = static_cast<const std::byte*>(from);
  state.enqueue(*stream, copy_in(state, to, size, [copy = std::vector<std::byte>(bytes, bytes + size)] {
    return static_cast<const void*>(copy.data());
  }));
  return CUDA_SUCCESS;
}

CUresult cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, size_t size, CUstream stream_handle) {
  EMULATED_CONTEXT_CALL("cuMemcpyDtoHAsync_v2");
  Stream* stream = state.stream(*current, stream_handle);
  if (!stream) return CUDA_ERROR_INVALID_HANDLE;
  if (size == 0) return CUDA_SUCCESS;
  if (!to || !find(state, from, size)) return CUDA_ERROR_INVALID_VALUE;
  const bool pinned = state.pinned(to, size);
  state.bytes_to_host += static_cast<int64_t>(size);
  state.enqueue(*stream, copy_out(state, to, from, size, pinned));
  if (!pinned) state.run_until([&] { return stream->work.empty(); });
  return current->lost;
}

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t size, CUstream stream_handle) {
  EMULATED_CONTEXT_CALL("cuMemcpyDtoDAsync_v2");
  Stream* stream = state.stream(*current, stream_handle);
  if (!stream) return CUDA_ERROR_INVALID_HANDLE;
  if (size == 0) return CUDA_SUCCESS;
  if (!find(state, to, size) || !find(state, from, size)) return CUDA_ERROR_INVALID_VALUE;
  state.enqueue(*stream, copy_within(state, to, from, size));
  return CUDA_SUCCESS;
}

CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t size, CUstream stream_handle) {
  EMULATED_CONTEXT_CALL("cuMemsetD8Async");
  Stream* stream = state.stream(*current, stream_handle);
  if (!stream) return CUDA_ERROR_INVALID_HANDLE;
  if (size == 0 || !find(state, to, size)) return CUDA_ERROR_INVALID_VALUE;
  state.enqueue(*stream, {.run = [&state, to, value, size](std::string& message) {
    std::byte* place = find(state, to, size);
    if (!place) return not_there("a fill", to, size, message);
    std::memset(place, value, size);
    state.owner(to)->gpu->memory.mark_written(to, size);
    return CUDA_SUCCESS;
  }});
  return CUDA_SUCCESS;
}

}  // extern "C"
}  // namespace hearth::emulated_cuda
