// Checks, warnings and hooks of generated code that touch no tensor's elements.

#include <stdexcept>
#include <string>

#include "aoti/abi.h"
#include "base/errors.h"
#include "base/log.h"

using hearth::AotiError;
using hearth::AtenTensorHandle;
using hearth::kAotiSuccess;
using hearth::StatusCode;

HEARTH_SHIM void hearth_check_failed(const char* message);

/// The one shim that throws, as the interface demands. Libraries of Hearth's exporter carry their own; this one serves
/// libraries that were linked to the same C++ library as we are.
HEARTH_SHIM void aoti_torch_check(bool condition, const char*, const char*, uint32_t, const char* message) {
  if (condition) return;
  hearth_check_failed(message);
  throw std::runtime_error(message);
}

HEARTH_SHIM void aoti_torch_warn(const char* function, const char*, uint32_t, const char* message) {
  hearth::log_warning("{}: {}", function, message);
}

// Gradients are never recorded; generated code turns them off and on again around a run.
HEARTH_SHIM bool aoti_torch_grad_mode_is_enabled() { return false; }
HEARTH_SHIM void aoti_torch_grad_mode_set_enabled(bool) {}

HEARTH_SHIM AotiError aoti_torch_check_inf_and_nan(const char*, AtenTensorHandle) { return kAotiSuccess; }

/// Generated code says which of its loops begins (see python/hearth/export/lower.py). The guard is null where nobody
/// listens, and then the end is not told.
HEARTH_SHIM AotiError aoti_record_function_start(const char* name, void*, const void*, uint64_t, void** guard) {
  hearth::Profile* profile = hearth::Profile::active();
  if (profile != nullptr) profile->begin(name);
  *guard = profile;
  return kAotiSuccess;
}
HEARTH_SHIM AotiError aoti_record_function_end(void* guard) {
  if (guard != nullptr) static_cast<hearth::Profile*>(guard)->end();
  return kAotiSuccess;
}

HEARTH_SHIM AotiError aoti_torch_call_dispatcher(const char* name, const char* overload, uint64_t*) {
  return hearth::guard_shim(
      __func__, [&] { return hearth::error(StatusCode::kFailed, "Hearth has no kernel for {}.{}", name, overload); });
}
