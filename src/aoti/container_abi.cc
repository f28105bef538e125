#include "aoti/container_abi.h"

#include "base/errors.h"

namespace hearth {
namespace {

template <typename Function>
Status find_function(const SealedLibrary& library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(library.symbol(name));
  if (function != nullptr) return {};
  return invalid_file("the library lacks {}: it is no AOTInductor model, or of another PyTorch than 2.13", name);
}

}  // namespace

Result<ContainerAbi> ContainerAbi::find(const SealedLibrary& library) {
  ContainerAbi abi;
  const auto get = [&library](const char* name, auto& function) { return find_function(library, name, function); };
  HEARTH_RETURN_IF_ERROR(get("AOTInductorModelContainerCreateWithDevice", abi.create));
  HEARTH_RETURN_IF_ERROR(get("AOTInductorModelContainerDelete", abi.destroy));
  HEARTH_RETURN_IF_ERROR(get("AOTInductorModelContainerRunSingleThreaded", abi.run));
  HEARTH_RETURN_IF_ERROR(get("AOTInductorModelContainerGetNumInputs", abi.count_inputs));
  HEARTH_RETURN_IF_ERROR(get("AOTInductorModelContainerGetNumOutputs", abi.count_outputs));
  HEARTH_RETURN_IF_ERROR(get("AOTInductorModelContainerGetNumConstants", abi.count_constants));
  HEARTH_RETURN_IF_ERROR(get("AOTInductorModelContainerGetConstantName", abi.constant_name));
  HEARTH_RETURN_IF_ERROR(get("AOTInductorModelContainerGetConstantOriginalFQN", abi.constant_original_name));
  HEARTH_RETURN_IF_ERROR(get("AOTInductorModelContainerGetConstantDtype", abi.constant_dtype));
  HEARTH_RETURN_IF_ERROR(get("AOTInductorModelContainerGetConstantDataSize", abi.constant_size));
  HEARTH_RETURN_IF_ERROR(get("AOTInductorModelContainerGetConstantFromFolded", abi.constant_from_folded));
  HEARTH_RETURN_IF_ERROR(get("AOTInductorModelContainerUpdateUserManagedConstantBufferPairs", abi.bind));
  HEARTH_RETURN_IF_ERROR(get("AOTInductorModelUpdateConstantsFromBlob", abi.bind_blob));
  abi.last_error = reinterpret_cast<decltype(abi.last_error)>(library.symbol("AOTInductorGetLastError"));
  return abi;
}

}  // namespace hearth
