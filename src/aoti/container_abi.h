#pragma once

#include <cstddef>
#include <cstdint>

#include "aoti/sealed_library.h"
#include "aoti/tensor_handle.h"
#include "hearth/status.h"

namespace hearth {

/// A constant for the library, by its internal name.
struct ConstantEntry {
  const char* name;
  AtenTensorHandle handle;
};

/// The functions that an AOTInductor library exports, of which Hearth uses these: PyTorch's
/// torch/csrc/inductor/aoti_runtime/interface.h. All return 0 on success.
struct ContainerAbi {
  using Container = struct ContainerOpaque*;
  using RunFunction = int32_t (*)(Container, AtenTensorHandle* inputs, size_t input_count, AtenTensorHandle* outputs,
                                  size_t output_count, void* stream, void* proxy_executor);

  int32_t (*create)(Container*, size_t models, const char* device, const char* cubin_folder) = nullptr;
  int32_t (*destroy)(Container) = nullptr;
  RunFunction run = nullptr;  ///< RunSingleThreaded
  int32_t (*count_inputs)(Container, size_t*) = nullptr;
  int32_t (*count_outputs)(Container, size_t*) = nullptr;
  int32_t (*count_constants)(Container, size_t*) = nullptr;
  int32_t (*constant_name)(Container, size_t, const char**) = nullptr;
  int32_t (*constant_original_name)(Container, size_t, const char**) = nullptr;
  int32_t (*constant_dtype)(Container, size_t, int32_t*) = nullptr;
  int32_t (*constant_size)(Container, size_t, size_t*) = nullptr;
  int32_t (*constant_from_folded)(Container, size_t, bool*) = nullptr;
  int32_t (*bind)(Container, const ConstantEntry*, size_t, bool inactive, bool full) = nullptr;
  int32_t (*bind_blob)(Container, const uint8_t*) = nullptr;
  int32_t (*last_error)(const char**) = nullptr;  ///< May be null.

  /// kInvalidFile names a function that the library lacks.
  static Result<ContainerAbi> find(const SealedLibrary& library);
};

}  // namespace hearth
