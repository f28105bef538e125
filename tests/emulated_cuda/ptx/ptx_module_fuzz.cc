#include "emulated_cuda/ptx/machine.h"

namespace {

// Enough to reach every instruction of a small text, and little enough to be quick.
constexpr uint32_t kMostRows = 2000;
constexpr size_t kMostBytes = 4096;

}  // namespace

// Parses the text and, where that goes well, runs its kernels for a moment.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto module = hearth::ptx::parse_module({reinterpret_cast<const char*>(data), size});
  if (!module.ok()) return 0;
  hearth::ptx::Memory memory(size_t{1} << 20);
  const hearth::Result<uint64_t> buffer = memory.allocate(kMostBytes);
  memory.mark_written(*buffer, kMostBytes);
  const std::vector<uint64_t> globals((*module)->globals().size(), *buffer);
  const std::vector<uint64_t> parameters(kMostBytes / sizeof(uint64_t), *buffer);
  for (const auto& function : (*module)->functions()) {
    if (function->register_count() > kMostRows || function->local_bytes() > kMostBytes ||
        function->static_shared_bytes() > kMostBytes || function->parameter_bytes() > kMostBytes) {
      return 0;
    }
  }
  for (const auto& function : (*module)->functions()) {
    if (!function->is_kernel()) continue;
    hearth::ptx::Launch launch;
    launch.function = function.get();
    launch.block[0] = 40;
    launch.parameters = std::as_bytes(std::span(parameters));
    launch.globals = globals;
    launch.instruction_limit = 100;
    (void)hearth::ptx::run(launch, memory);
  }
  return 0;
}
