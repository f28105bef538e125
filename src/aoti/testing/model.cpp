// A model written by hand: what AOTInductor would compile from `x + bias`, and the ways in which such a library fails.
// Its second input chooses one.

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

using Handle = struct TensorOpaque*;

extern "C" {
int32_t aoti_torch_cpu_add_Tensor(Handle, Handle, double alpha, Handle* result);
int32_t aoti_torch_create_tensor_from_blob_v2(void*, int64_t rank, const int64_t* sizes, const int64_t* strides,
                                              int64_t offset, int32_t dtype, int32_t device, int32_t index, Handle*,
                                              int32_t layout, const uint8_t*, int64_t);
int32_t aoti_torch_delete_tensor_object(Handle);
int32_t aoti_torch_item_int64(Handle, int64_t*);
int32_t aoti_torch_new_tensor_handle(Handle, Handle*);
void aoti_torch_check(bool, const char* function, const char* file, uint32_t line, const char* message);
}

namespace {

struct Container {
  Handle bias = nullptr;
  Handle own_bias = nullptr;  ///< Deleted with the container; a bound one is its user's.
};

struct Entry {
  const char* name;
  Handle handle;
};

constexpr int32_t kFloat32 = 6;
constexpr int64_t kBiasSize = 2;
/// Short messages, which need no memory: the destructor of this one never runs.
thread_local std::string last_error;

int32_t fail(const char* message) {
  last_error = message;
  return 1;
}

int32_t make_bias(Container* container, const void* data) {
  const int64_t stride = 1;
  const int32_t code = aoti_torch_create_tensor_from_blob_v2(const_cast<void*>(data), 1, &kBiasSize, &stride, 0,
                                                             kFloat32, 0, 0, &container->own_bias, 0, nullptr, 0);
  container->bias = container->own_bias;
  return code;
}

int32_t run_mode(int64_t mode, Container* container, Handle x, Handle* result) {
  if (mode == 1) return fail("not in the mood");
  if (mode == 2) return fail("");
  try {
    aoti_torch_check(mode != 3, "forward", "model.cpp", 1, "out of range");
  } catch (const std::exception& exception) {
    return fail(exception.what());
  }
  return aoti_torch_cpu_add_Tensor(x, container->bias, 1.0, result);
}

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default"))) int32_t

EXPORT AOTInductorModelContainerCreateWithDevice(Container** container, size_t, const char*, const char*) {
#if defined(FAILS_TO_LOAD)
  return fail("no constants");
#endif
  *container = new Container;
#if defined(OWN_WEIGHTS)
  static const float bias[kBiasSize] = {10, 20};
  return make_bias(*container, bias);
#else
  return 0;
#endif
}

EXPORT AOTInductorModelContainerDelete(Container* container) {
  aoti_torch_delete_tensor_object(container->own_bias);
  delete container;
  return 0;
}

#if !defined(LACKS_RUN)
EXPORT AOTInductorModelContainerRunSingleThreaded(Container* container, Handle* inputs, size_t, Handle* outputs, size_t,
                                                  void*, void*) {
  int64_t mode = 0;
  int32_t code = aoti_torch_item_int64(inputs[1], &mode);
  if (code == 0) code = run_mode(mode, container, inputs[0], &outputs[0]);
  aoti_torch_delete_tensor_object(std::exchange(inputs[0], nullptr));
  aoti_torch_delete_tensor_object(std::exchange(inputs[1], nullptr));
  return code;
}
#endif

EXPORT AOTInductorModelContainerGetNumInputs(Container*, size_t* count) { return *count = 2, 0; }
EXPORT AOTInductorModelContainerGetNumOutputs(Container*, size_t* count) { return *count = 1, 0; }
EXPORT AOTInductorModelContainerGetNumConstants(Container*, size_t* count) { return *count = 1, 0; }
EXPORT AOTInductorModelContainerGetConstantName(Container*, size_t, const char** name) {
  return *name = "layer_bias", 0;
}
EXPORT AOTInductorModelContainerGetConstantOriginalFQN(Container*, size_t, const char** name) {
  return *name = "layer.bias", 0;
}
EXPORT AOTInductorModelContainerGetConstantDtype(Container*, size_t, int32_t* dtype) { return *dtype = kFloat32, 0; }
EXPORT AOTInductorModelContainerGetConstantDataSize(Container*, size_t, size_t* size) { return *size = 64, 0; }
EXPORT AOTInductorModelContainerGetConstantFromFolded(Container*, size_t, bool* folded) { return *folded = false, 0; }

EXPORT AOTInductorModelContainerUpdateUserManagedConstantBufferPairs(Container* container, const Entry* entries, size_t,
                                                                     bool, bool) {
  return aoti_torch_new_tensor_handle(entries[0].handle, &container->bias);
}

/// As a library that was not compiled for a blob beside it: it takes none, and says nothing.
EXPORT AOTInductorModelUpdateConstantsFromBlob(Container* container, const uint8_t* blob) {
#if defined(OWN_WEIGHTS)
  return 0;
#else
  return make_bias(container, blob);
#endif
}

EXPORT AOTInductorGetLastError(const char** message) {
  return *message = last_error.empty() ? nullptr : last_error.c_str(), 0;
}
