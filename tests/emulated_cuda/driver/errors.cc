#include <deque>
#include <map>
#include <mutex>

#include "emulated_cuda/driver/call.h"

namespace hearth::emulated_cuda {
namespace {

struct ErrorText {
  const char* name;
  const char* text;
};

/// Names as the driver gives them; texts of our own.
const std::map<int, ErrorText> kErrors{
    {0, {"CUDA_SUCCESS", "no error"}},
    {1, {"CUDA_ERROR_INVALID_VALUE", "invalid argument"}},
    {2, {"CUDA_ERROR_OUT_OF_MEMORY", "out of memory"}},
    {3, {"CUDA_ERROR_NOT_INITIALIZED", "the driver was not started"}},
    {4, {"CUDA_ERROR_DEINITIALIZED", "the driver is shutting down"}},
    {34, {"CUDA_ERROR_STUB_LIBRARY", "the library is a stub"}},
    {46, {"CUDA_ERROR_DEVICE_UNAVAILABLE", "the GPU is busy or unavailable"}},
    {100, {"CUDA_ERROR_NO_DEVICE", "no GPU was found"}},
    {101, {"CUDA_ERROR_INVALID_DEVICE", "there is no such GPU"}},
    {102, {"CUDA_ERROR_DEVICE_NOT_LICENSED", "the GPU is not licensed"}},
    {200, {"CUDA_ERROR_INVALID_IMAGE", "the code is not valid"}},
    {201, {"CUDA_ERROR_INVALID_CONTEXT", "no context is current, or an invalid one"}},
    {209, {"CUDA_ERROR_NO_BINARY_FOR_GPU", "no code for this GPU"}},
    {214, {"CUDA_ERROR_ECC_UNCORRECTABLE", "an uncorrectable memory error"}},
    {218, {"CUDA_ERROR_INVALID_PTX", "the PTX could not be compiled"}},
    {220, {"CUDA_ERROR_NVLINK_UNCORRECTABLE", "an uncorrectable NVLink error"}},
    {221, {"CUDA_ERROR_JIT_COMPILER_NOT_FOUND", "the compiler for PTX was not found"}},
    {222, {"CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "the PTX is of an unknown version"}},
    {223, {"CUDA_ERROR_JIT_COMPILATION_DISABLED", "compiling PTX is switched off"}},
    {304, {"CUDA_ERROR_OPERATING_SYSTEM", "a call to the system failed"}},
    {400, {"CUDA_ERROR_INVALID_HANDLE", "invalid handle"}},
    {500, {"CUDA_ERROR_NOT_FOUND", "the name was not found"}},
    {600, {"CUDA_ERROR_NOT_READY", "not ready"}},
    {700, {"CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access"}},
    {701, {"CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "a launch asks for too many resources"}},
    {702, {"CUDA_ERROR_LAUNCH_TIMEOUT", "a launch took too long"}},
    {709, {"CUDA_ERROR_CONTEXT_IS_DESTROYED", "the context is destroyed"}},
    {710, {"CUDA_ERROR_ASSERT", "an assertion in device code failed"}},
    {714, {"CUDA_ERROR_HARDWARE_STACK_ERROR", "a stack error in device code"}},
    {715, {"CUDA_ERROR_ILLEGAL_INSTRUCTION", "an illegal instruction"}},
    {716, {"CUDA_ERROR_MISALIGNED_ADDRESS", "a misaligned address"}},
    {717, {"CUDA_ERROR_INVALID_ADDRESS_SPACE", "an address of the wrong space"}},
    {718, {"CUDA_ERROR_INVALID_PC", "an invalid program counter"}},
    {719, {"CUDA_ERROR_LAUNCH_FAILED", "device code failed"}},
    {800, {"CUDA_ERROR_NOT_PERMITTED", "not permitted"}},
    {801, {"CUDA_ERROR_NOT_SUPPORTED", "not supported"}},
    {802, {"CUDA_ERROR_SYSTEM_NOT_READY", "the system is not ready"}},
    {803, {"CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "library and kernel module differ"}},
    {804, {"CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE", "forward compatibility on this GPU"}},
    {805, {"CUDA_ERROR_MPS_CONNECTION_FAILED", "no connection to MPS"}},
    {807, {"CUDA_ERROR_MPS_SERVER_NOT_READY", "the MPS server is not ready"}},
    {808, {"CUDA_ERROR_MPS_MAX_CLIENTS_REACHED", "MPS has too many clients"}},
    {999, {"CUDA_ERROR_UNKNOWN", "an unknown error"}},
};

/// What happened last, by result; the texts themselves stay for good.
struct Described {
  std::deque<std::string> texts;
  std::map<int, const char*> last;
};

Described& described() {
  static Described& all = *new Described;
  return all;
}

}  // namespace

void describe_error(CUresult result, const std::string& text) {
  const auto found = kErrors.find(result);
  const std::string prefix = found == kErrors.end() ? "" : std::string(found->second.text) + ": ";
  described().last[result] = described().texts.emplace_back(prefix + text).c_str();
}

extern "C" {

CUresult cuGetErrorName(CUresult result, const char** name) {
  EMULATED_CALL("cuGetErrorName");
  const auto found = kErrors.find(result);
  if (!name) return CUDA_ERROR_INVALID_VALUE;
  *name = found == kErrors.end() ? nullptr : found->second.name;
  return *name ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGetErrorString(CUresult result, const char** text) {
  EMULATED_CALL("cuGetErrorString");
  const auto found = kErrors.find(result);
  if (!text) return CUDA_ERROR_INVALID_VALUE;
  *text = found == kErrors.end() ? nullptr : found->second.text;
  if (const auto last = described().last.find(result); last != described().last.end()) *text = last->second;
  return *text ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

}  // extern "C"
}  // namespace hearth::emulated_cuda
