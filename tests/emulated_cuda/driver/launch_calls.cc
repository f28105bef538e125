#include <algorithm>
#include <array>
#include <cstring>

#include "emulated_cuda/driver/call.h"
#include "emulated_cuda/driver/gpu_limits.h"
#include "emulated_cuda/ptx/machine.h"

namespace hearth::emulated_cuda {
namespace {

bool within(const uint32_t (&sizes)[3], const uint64_t (&most)[3]) {
  return std::ranges::equal(sizes, most, [](uint32_t size, uint64_t limit) { return size > 0 && size <= limit; });
}

CUresult check_launch(const Function& function, const uint32_t (&grid)[3], const uint32_t (&block)[3],
                      uint32_t shared_bytes) {
  constexpr uint64_t kMostBlocks[] = {0x7FFFFFFF, 65535, 65535};
  constexpr uint64_t kMostInRow[] = {kMostThreads, kMostThreads, 64};
  const uint64_t threads = uint64_t{block[0]} * block[1] * block[2];
  if (!within(grid, kMostBlocks) || !within(block, kMostInRow) || threads > kMostThreads)
    return CUDA_ERROR_INVALID_VALUE;
  const ptx::Function& code = *function.code;
  if (code.max_threads() != 0 && threads > code.max_threads()) return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
  const std::array<uint32_t, 3>& required = code.required_block();
  if (required[0] != 0 && !std::ranges::equal(block, required)) return CUDA_ERROR_INVALID_VALUE;
  const auto allowed = static_cast<uint64_t>(function.most_dynamic_shared_bytes);
  if (shared_bytes > allowed) return CUDA_ERROR_INVALID_VALUE;
  if (allowed <= kUsualSharedBytes && shared_bytes + code.static_shared_bytes() > kUsualSharedBytes)
    return CUDA_ERROR_INVALID_VALUE;
  return CUDA_SUCCESS;
}

std::vector<std::byte> gather_parameters(const ptx::Function& code, void** parameters) {
  std::vector<std::byte> bytes(code.parameter_bytes());
  for (size_t i = 0; i < code.parameters().size(); ++i) {
    const ptx::Parameter& parameter = code.parameters()[i];
    std::memcpy(bytes.data() + parameter.offset, parameters[i], parameter.bytes);
  }
  return bytes;
}

/// What hardware would report; the interpreter's message says the rest.
CUresult hardware_error(const std::string& message) {
  const auto mentions = [&](const char* word) { return message.find(word) != std::string::npos; };
  if (mentions("misaligned")) return CUDA_ERROR_MISALIGNED_ADDRESS;
  if (mentions("assertion failed")) return CUDA_ERROR_ASSERT;
  if (mentions("out of bounds") || mentions("bytes at shared address") || mentions("bytes at local address")) {
    return CUDA_ERROR_ILLEGAL_ADDRESS;
  }
  return CUDA_ERROR_LAUNCH_FAILED;
}

}  // namespace

extern "C" {

CUresult cuLaunchKernel(CUfunction handle, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                        unsigned block_y, unsigned block_z, unsigned shared_bytes, CUstream stream_handle,
                        void** parameters, void** extra) {
  EMULATED_CONTEXT_CALL("cuLaunchKernel");
  Function* function = state.function(handle);
  Stream* stream = state.stream(*current, stream_handle);
  if (!function || !stream || function->module->context != stream->context || stream->context != current)
    return CUDA_ERROR_INVALID_HANDLE;
  if (extra != nullptr) return CUDA_ERROR_NOT_SUPPORTED;
  if (!parameters && !function->code->parameters().empty()) return CUDA_ERROR_INVALID_VALUE;
  const uint32_t grid[3] = {grid_x, grid_y, grid_z};
  const uint32_t block[3] = {block_x, block_y, block_z};
  if (const CUresult result = check_launch(*function, grid, block, shared_bytes)) return result;

  ptx::Launch launch{};
  launch.function = function->code;
  std::ranges::copy(grid, launch.grid);
  std::ranges::copy(block, launch.block);
  launch.dynamic_shared_bytes = shared_bytes;
  launch.seed = state.random();
  state.launches += 1;
  state.enqueue(*stream, {.run = [gpu = current->gpu, launch, values = gather_parameters(*function->code, parameters),
                                  globals = function->module->globals](std::string& message) mutable {
    launch.parameters = values;
    launch.globals = globals;
    const Status status = ptx::run(launch, gpu->memory);
    message = status.message();
    return status.ok() ? CUDA_SUCCESS : hardware_error(message);
  }});
  return CUDA_SUCCESS;
}

}  // extern "C"
}  // namespace hearth::emulated_cuda
