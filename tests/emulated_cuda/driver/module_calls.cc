#include <algorithm>
#include <cstring>

#include "emulated_cuda/driver/call.h"
#include "emulated_cuda/driver/gpu_limits.h"
#include "emulated_cuda/driver/image.h"

namespace hearth::emulated_cuda {
namespace {

/// What a caller of cuModuleLoadDataEx passed for the compiler's words.
struct ErrorLog {
  char* buffer = nullptr;
  size_t size = 0;

  void write(const std::string& text) const {
    if (!buffer || size == 0) return;
    const size_t length = std::min(text.size(), size - 1);
    std::memcpy(buffer, text.data(), length);
    buffer[length] = '\0';
  }
};

/// Memory for the module's variables, with their first values.
CUresult place_globals(Context& context, Module& module) {
  for (const ptx::Global& global : module.code->globals()) {
    const Result<uint64_t> address = context.gpu->memory.allocate(std::max<size_t>(global.bytes, 1), global.alignment);
    if (!address.ok()) return CUDA_ERROR_OUT_OF_MEMORY;
    module.globals.push_back(*address);
    std::ranges::copy(global.initial, context.gpu->memory.find(*address, global.bytes));
    context.gpu->memory.mark_written(*address, global.bytes);
  }
  return CUDA_SUCCESS;
}

void free_globals(Context& context, const Module& module) {
  for (const uint64_t address : module.globals) (void)context.gpu->memory.free(address);
}

CUresult load(State& state, Context& context, CUmodule* handle, const void* image, const ErrorLog& log) {
  if (!handle || !image) return CUDA_ERROR_INVALID_VALUE;
  const Image found = find_ptx(image);
  if (found.result != CUDA_SUCCESS) {
    log.write(found.why);
    return found.result;
  }
  const PtxHeader header = ptx_header(found.ptx);
  if (header.version > state.settings.ptx_version) {
    log.write("PTX version " + std::to_string(header.version) + " is newer than this driver");
    return CUDA_ERROR_UNSUPPORTED_PTX_VERSION;
  }
  if (header.target > kArchitecture) {
    log.write("the code is for sm_" + std::to_string(header.target) + " and later");
    return CUDA_ERROR_INVALID_PTX;
  }
  const Result<std::shared_ptr<const ptx::Module>> code = ptx::parse_module(found.ptx);
  if (!code.ok()) {
    log.write(code.status().message());
    return CUDA_ERROR_INVALID_PTX;
  }
  auto module = std::make_unique<Module>();
  module->context = &context;
  module->code = *code;
  if (const CUresult result = place_globals(context, *module); result != CUDA_SUCCESS) {
    free_globals(context, *module);
    return result;
  }
  for (const auto& function : module->code->functions()) {
    if (!function->is_kernel()) continue;
    module->functions.push_back(std::make_unique<Function>(Function{.module = module.get(), .code = function.get()}));
  }
  *handle = handle_of<CUmodule>(module.get());
  context.modules.push_back(std::move(module));
  return CUDA_SUCCESS;
}

}  // namespace

extern "C" {

CUresult cuModuleLoadData(CUmodule* module, const void* image) {
  EMULATED_CONTEXT_CALL("cuModuleLoadData");
  return load(state, *current, module, image, {});
}

CUresult cuModuleLoadDataEx(CUmodule* module, const void* image, unsigned options, CUjit_option* names, void** values) {
  EMULATED_CONTEXT_CALL("cuModuleLoadDataEx");
  ErrorLog log;
  for (unsigned i = 0; i < options; ++i) {
    if (names[i] == CU_JIT_ERROR_LOG_BUFFER) log.buffer = static_cast<char*>(values[i]);
    if (names[i] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES) log.size = reinterpret_cast<size_t>(values[i]);
  }
  return load(state, *current, module, image, log);
}

CUresult cuModuleUnload(CUmodule handle) {
  EMULATED_CALL("cuModuleUnload", kGivesBack);
  CUresult result = CUDA_SUCCESS;
  if (!call.current_or_lost(result)) return result;
  Module* module = state.module(handle);
  if (!module) return CUDA_ERROR_INVALID_HANDLE;
  state.run_all();
  Context& context = *module->context;
  free_globals(context, *module);
  std::erase_if(context.modules, [&](const auto& one) { return one.get() == module; });
  return call.finish(context.lost);
}

CUresult cuModuleGetFunction(CUfunction* function, CUmodule handle, const char* name) {
  EMULATED_CONTEXT_CALL("cuModuleGetFunction");
  const Module* module = state.module(handle);
  if (!module) return CUDA_ERROR_INVALID_HANDLE;
  if (!function || !name) return CUDA_ERROR_INVALID_VALUE;
  const auto found =
      std::ranges::find_if(module->functions, [&](const auto& one) { return one->code->name() == name; });
  if (found == module->functions.end()) return CUDA_ERROR_NOT_FOUND;
  *function = handle_of<CUfunction>(found->get());
  return CUDA_SUCCESS;
}

CUresult cuModuleGetGlobal_v2(CUdeviceptr* address, size_t* size, CUmodule handle, const char* name) {
  EMULATED_CONTEXT_CALL("cuModuleGetGlobal_v2");
  const Module* module = state.module(handle);
  if (!module) return CUDA_ERROR_INVALID_HANDLE;
  if (!name) return CUDA_ERROR_INVALID_VALUE;
  for (size_t i = 0; i < module->globals.size(); ++i) {
    const ptx::Global& global = module->code->globals()[i];
    if (global.name != name) continue;
    if (address) *address = module->globals[i];
    if (size) *size = global.bytes;
    return CUDA_SUCCESS;
  }
  return CUDA_ERROR_NOT_FOUND;
}

CUresult cuFuncGetAttribute(int* value, CUfunction_attribute attribute, CUfunction handle) {
  EMULATED_CONTEXT_CALL("cuFuncGetAttribute");
  const Function* function = state.function(handle);
  if (!function) return CUDA_ERROR_INVALID_HANDLE;
  if (!value) return CUDA_ERROR_INVALID_VALUE;
  const ptx::Function& code = *function->code;
  switch (attribute) {
    case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
      *value = code.max_threads() == 0 ? kMostThreads : static_cast<int>(code.max_threads());
      return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
      *value = static_cast<int>(code.static_shared_bytes());
      return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
      *value = static_cast<int>(code.local_bytes());
      return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_NUM_REGS:
      *value = std::min(static_cast<int>(code.register_count()), kMostRegisters);
      return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
      *value = function->most_dynamic_shared_bytes;
      return CUDA_SUCCESS;
  }
  return CUDA_ERROR_INVALID_VALUE;
}

CUresult cuFuncSetAttribute(CUfunction handle, CUfunction_attribute attribute, int value) {
  EMULATED_CONTEXT_CALL("cuFuncSetAttribute");
  Function* function = state.function(handle);
  if (!function) return CUDA_ERROR_INVALID_HANDLE;
  if (attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES) return CUDA_ERROR_INVALID_VALUE;
  if (value < 0 || value > kMostSharedBytes - static_cast<int>(function->code->static_shared_bytes())) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  function->most_dynamic_shared_bytes = value;
  return CUDA_SUCCESS;
}

}  // extern "C"
}  // namespace hearth::emulated_cuda
