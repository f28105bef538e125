#include "hal/cuda/driver_errors.h"

#include <algorithm>
#include <array>

#include "base/errors.h"

namespace hearth::cuda {
namespace {

struct Advice {
  CUresult result;
  StatusCode code;
  std::string_view text;  ///< What a person can do; empty: nothing that is known.
};

constexpr std::string_view kLost = "the process has to be started again before this GPU works for it";
constexpr std::string_view kWrongAddress =
    "device code used memory that is not its own, and the process has to be started again before this GPU works for it";

constexpr std::array kAdvice{
    Advice{CUDA_ERROR_INVALID_VALUE, StatusCode::kInternal, ""},
    Advice{CUDA_ERROR_OUT_OF_MEMORY, StatusCode::kOutOfMemory,
           "close other programs that use the GPU (nvidia-smi lists them), or use a smaller model or batch"},
    Advice{CUDA_ERROR_NOT_INITIALIZED, StatusCode::kInternal, ""},
    Advice{CUDA_ERROR_DEINITIALIZED, StatusCode::kUnavailable, "the process is about to end"},
    Advice{CUDA_ERROR_STUB_LIBRARY, StatusCode::kUnavailable,
           "the library that was found is the toolkit's stand-in: take its folder out of LD_LIBRARY_PATH, or install "
           "NVIDIA's driver"},
    Advice{CUDA_ERROR_DEVICE_UNAVAILABLE, StatusCode::kUnavailable,
           "another process has the GPU for itself: end it, or allow several with nvidia-smi -c DEFAULT"},
    Advice{CUDA_ERROR_NO_DEVICE, StatusCode::kUnavailable,
           "no NVIDIA GPU is visible: nvidia-smi has to list one, CUDA_VISIBLE_DEVICES must not hide it, and in a "
           "container it has to be passed on"},
    Advice{CUDA_ERROR_INVALID_DEVICE, StatusCode::kUnavailable, "`hearth devices` lists what there is"},
    Advice{CUDA_ERROR_DEVICE_NOT_LICENSED, StatusCode::kUnavailable, "the virtual GPU needs a licence of NVIDIA's"},
    Advice{CUDA_ERROR_INVALID_IMAGE, StatusCode::kInvalidFile, "export the model again"},
    Advice{CUDA_ERROR_INVALID_CONTEXT, StatusCode::kInternal, ""},
    Advice{CUDA_ERROR_NO_BINARY_FOR_GPU, StatusCode::kUnavailable,
           "the file has no code for this GPU: export it again with --cuda-arch ptx"},
    Advice{CUDA_ERROR_ECC_UNCORRECTABLE, StatusCode::kFailed,
           "a memory cell of the GPU is damaged (nvidia-smi -q -d ECC): reset the GPU or restart the machine"},
    Advice{CUDA_ERROR_INVALID_PTX, StatusCode::kInvalidFile, "export the model again"},
    Advice{CUDA_ERROR_NVLINK_UNCORRECTABLE, StatusCode::kFailed, "reset the GPUs or restart the machine"},
    Advice{CUDA_ERROR_JIT_COMPILER_NOT_FOUND, StatusCode::kUnavailable,
           "libnvidia-ptxjitcompiler is missing: install NVIDIA's driver as a whole"},
    Advice{CUDA_ERROR_UNSUPPORTED_PTX_VERSION, StatusCode::kUnavailable, "install a newer NVIDIA driver"},
    Advice{CUDA_ERROR_JIT_COMPILATION_DISABLED, StatusCode::kUnavailable,
           "unset CUDA_DISABLE_PTX_JIT, or export the model with code for this GPU (--cuda-arch)"},
    Advice{CUDA_ERROR_OPERATING_SYSTEM, StatusCode::kUnavailable,
           "the system refused a call of the driver's: check that /dev/nvidia* may be opened, and `dmesg`"},
    Advice{CUDA_ERROR_INVALID_HANDLE, StatusCode::kInternal, ""},
    Advice{CUDA_ERROR_NOT_FOUND, StatusCode::kNotFound, ""},
    Advice{CUDA_ERROR_ILLEGAL_ADDRESS, StatusCode::kFailed, kWrongAddress},
    Advice{CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, StatusCode::kFailed,
           "the kernel needs more registers or threads than this GPU has"},
    Advice{CUDA_ERROR_LAUNCH_TIMEOUT, StatusCode::kFailed,
           "the GPU also draws a screen, which limits how long a kernel may run; start the process again"},
    Advice{CUDA_ERROR_CONTEXT_IS_DESTROYED, StatusCode::kFailed, kLost},
    Advice{CUDA_ERROR_ASSERT, StatusCode::kFailed, kLost},
    Advice{CUDA_ERROR_HARDWARE_STACK_ERROR, StatusCode::kFailed, kLost},
    Advice{CUDA_ERROR_ILLEGAL_INSTRUCTION, StatusCode::kFailed, kLost},
    Advice{CUDA_ERROR_MISALIGNED_ADDRESS, StatusCode::kFailed, kWrongAddress},
    Advice{CUDA_ERROR_INVALID_ADDRESS_SPACE, StatusCode::kFailed, kWrongAddress},
    Advice{CUDA_ERROR_INVALID_PC, StatusCode::kFailed, kLost},
    Advice{CUDA_ERROR_LAUNCH_FAILED, StatusCode::kFailed, kLost},
    Advice{CUDA_ERROR_NOT_PERMITTED, StatusCode::kUnavailable,
           "this user may not use the GPU: check the rights of /dev/nvidia*, or ask the machine's administrator"},
    Advice{CUDA_ERROR_NOT_SUPPORTED, StatusCode::kUnavailable, "this GPU or its driver cannot do that"},
    Advice{CUDA_ERROR_SYSTEM_NOT_READY, StatusCode::kUnavailable,
           "a service that the GPUs need is not running: nvidia-fabricmanager on machines with NVSwitch"},
    Advice{CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, StatusCode::kUnavailable,
           "the driver's library and its kernel module have different versions: restart the machine after an update"},
    Advice{CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE, StatusCode::kUnavailable,
           "this GPU cannot run with the compatibility library of another driver: take it out of LD_LIBRARY_PATH"},
    Advice{CUDA_ERROR_MPS_CONNECTION_FAILED, StatusCode::kUnavailable, "NVIDIA's MPS service does not answer"},
    Advice{CUDA_ERROR_MPS_SERVER_NOT_READY, StatusCode::kUnavailable, "NVIDIA's MPS service is busy: try again"},
    Advice{CUDA_ERROR_MPS_MAX_CLIENTS_REACHED, StatusCode::kUnavailable,
           "NVIDIA's MPS service has as many clients as it takes: end one of them"},
    Advice{CUDA_ERROR_UNKNOWN, StatusCode::kFailed,
           "the driver does not know either: see `dmesg`, reload the nvidia_uvm module or restart the machine"},
};
static_assert(std::ranges::is_sorted(kAdvice, {}, &Advice::result));

}  // namespace

Status driver_error(const Driver& driver, CUresult result, std::string_view what) {
  const auto found = std::ranges::lower_bound(kAdvice, result, {}, &Advice::result);
  const bool known = found != kAdvice.end() && found->result == result;
  const char* name = nullptr;
  const char* text = nullptr;
  // Drivers older than an error have no name for it.
  if (driver.cuGetErrorName(result, &name) != CUDA_SUCCESS || !name) name = "unknown to this driver";
  if (driver.cuGetErrorString(result, &text) != CUDA_SUCCESS || !text) text = "driver error";
  const std::string_view advice = known ? found->text : std::string_view();
  return error(known ? found->code : StatusCode::kFailed, "{}: {} ({}, {}){}{}", what, text, name,
               static_cast<int>(result), advice.empty() ? "" : "; ", advice);
}

}  // namespace hearth::cuda
