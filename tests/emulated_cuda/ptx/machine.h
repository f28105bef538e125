#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "emulated_cuda/ptx/memory.h"
#include "emulated_cuda/ptx/module.h"
#include "hearth/status.h"

namespace hearth::ptx {

/// One launch of a kernel.
struct Launch {
  const Function* function = nullptr;  ///< A kernel; its module must stay alive while it runs.
  uint32_t grid[3] = {1, 1, 1};        ///< Blocks.
  uint32_t block[3] = {1, 1, 1};       ///< Threads of a block.
  uint32_t dynamic_shared_bytes = 0;
  std::span<const std::byte> parameters;  ///< Laid out as the function's `parameters()`; at least `parameter_bytes()`.
  std::span<const uint64_t> globals;      ///< The addresses of the module's `globals()`, in that order.
  uint64_t seed = 0;  ///< Warps between two barriers run in an order drawn from it; the same seed, the same order.
  /// After so many instructions of warps a block counts as hanging.
  uint64_t instruction_limit = uint64_t{1} << 32;
};

/// Runs all blocks of a launch, one after the other, to their end. Fails with kInvalidArgument on a launch that no
/// device would take, and with kFailed where the kernel does what it must not: the message names the kernel, the line
/// of its PTX, block and thread, and what happened. What the kernel wrote until then stays written.
///
/// Reported are: accesses outside of an allocation, misaligned ones, reads of bytes that were never written; races on
/// shared memory, accesses to what a cp.async has not finished writing; barriers that threads miss, warps that wait
/// for lanes that never come, blocks that never end; traps, failed assertions and calls of functions without a body.
Status run(const Launch& launch, Memory& memory);

}  // namespace hearth::ptx
