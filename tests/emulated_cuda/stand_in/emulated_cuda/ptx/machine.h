#pragma once
#include <algorithm>
#include <span>
#include "emulated_cuda/ptx/memory.h"
#include "emulated_cuda/ptx/module.h"
namespace hearth::ptx {
struct Launch {
  const Function* function;
  uint32_t grid[3], block[3];
  uint32_t dynamic_shared_bytes;
  std::span<const std::byte> parameters;
  std::span<const uint64_t> globals;
  uint64_t seed;
};
inline Status run(const Launch& launch, Memory& memory) {
  uint64_t a; uint32_t count, value;
  if (launch.function->name() == "reverse") {
    std::memcpy(&a, launch.parameters.data(), 8);
    auto* p = reinterpret_cast<uint32_t*>(memory.find(a, launch.block[0] * 4));
    std::reverse(p, p + launch.block[0]);
    return {};
  }
  std::memcpy(&a, launch.parameters.data(), 8);
  std::memcpy(&count, launch.parameters.data() + 8, 4);
  std::memcpy(&value, launch.parameters.data() + 12, 4);
  for (uint32_t i = 0; i < launch.grid[0] * launch.block[0] && i < count; ++i) {
    std::byte* p = memory.find(a + i * 4, 4);
    if (!p) return error(StatusCode::kFailed, "kernel '{}': a store outside of any allocation", launch.function->name());
    uint32_t old = 0;
    if (launch.function->name() == "add") std::memcpy(&old, p, 4);
    old += value;
    std::memcpy(p, &old, 4);
  }
  return {};
}
}  // namespace hearth::ptx
