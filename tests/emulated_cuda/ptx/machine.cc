#include "emulated_cuda/ptx/machine.h"

#include "emulated_cuda/ptx/block.h"
#include "emulated_cuda/ptx/floating_point.h"

namespace hearth::ptx {
namespace {

constexpr uint64_t kMostThreads = 1024;
constexpr uint64_t kMostSharedBytes = uint64_t{228} << 10;

Status check_block(const Launch& launch) {
  const Function& function = *launch.function;
  const uint32_t(&block)[3] = launch.block;
  const uint64_t threads = uint64_t{block[0]} * block[1] * block[2];
  if (block[0] > kMostThreads || block[1] > kMostThreads || block[2] > 64 || threads == 0 || threads > kMostThreads) {
    return invalid_argument("kernel '{}': a block of {} x {} x {} threads; from 1 to {} are possible", function.name(),
                            block[0], block[1], block[2], kMostThreads);
  }
  const std::array<uint32_t, 3>& required = function.required_block();
  if (required[0] != 0 && !std::equal(required.begin(), required.end(), block)) {
    return invalid_argument("kernel '{}': a block of {} x {} x {} threads, but it was compiled for {} x {} x {}",
                            function.name(), block[0], block[1], block[2], required[0], required[1], required[2]);
  }
  if (function.max_threads() != 0 && threads > function.max_threads()) {
    return invalid_argument("kernel '{}': a block of {} threads, but it was compiled for at most {}", function.name(),
                            threads, function.max_threads());
  }
  return {};
}

Status check(const Launch& launch) {
  if (launch.function == nullptr || !launch.function->is_kernel()) return invalid_argument("a launch without a kernel");
  const Function& function = *launch.function;
  HEARTH_RETURN_IF_ERROR(check_block(launch));
  const uint32_t(&grid)[3] = launch.grid;
  if (grid[0] == 0 || grid[1] == 0 || grid[2] == 0 || grid[0] > INT32_MAX || grid[1] > 65535 || grid[2] > 65535) {
    return invalid_argument("kernel '{}': a grid of {} x {} x {} blocks is not possible", function.name(), grid[0],
                            grid[1], grid[2]);
  }
  if (function.static_shared_bytes() + launch.dynamic_shared_bytes > kMostSharedBytes) {
    return invalid_argument("kernel '{}': {} bytes of shared memory, of which a block has {}", function.name(),
                            function.static_shared_bytes() + launch.dynamic_shared_bytes, kMostSharedBytes);
  }
  if (launch.parameters.size() < function.parameter_bytes()) {
    return invalid_argument("kernel '{}': {} bytes of parameters are given, it has {}", function.name(),
                            launch.parameters.size(), function.parameter_bytes());
  }
  if (launch.globals.size() < function.global_count()) {
    return invalid_argument("kernel '{}': the addresses of {} globals are given, its module has {}", function.name(),
                            launch.globals.size(), function.global_count());
  }
  if (!function.has_body()) return invalid_argument("kernel '{}' has no body", function.name());
  return {};
}

}  // namespace

Status run(const Launch& launch, Memory& memory) {
  HEARTH_RETURN_IF_ERROR(check(launch));
  const FloatingPointScope scope;
  Block block(launch, memory);
  for (uint32_t z = 0; z < launch.grid[2]; ++z) {
    for (uint32_t y = 0; y < launch.grid[1]; ++y) {
      for (uint32_t x = 0; x < launch.grid[0]; ++x) HEARTH_RETURN_IF_ERROR(block.run({x, y, z}));
    }
  }
  return {};
}

}  // namespace hearth::ptx
