#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hal/device.h"
#include "hearth/status.h"
#include "hearth/tensor.h"
#include "kernels/context.h"

namespace hearth {

/// A constant as the compiled library declares it.
struct ModuleConstant {
  std::string name;           ///< Inside the library.
  std::string original_name;  ///< The parameter's name in the PyTorch model.
  DType dtype = DType::kFloat32;
  size_t byte_count = 0;
};

/// One compiled method: a shared library that passed the import gate, opened from sealed memory. Dropping it unloads
/// the library and gives back everything that it held. run() may be called from several threads at once; the library
/// serialises what it must.
class Module {
 public:
  /// Checks `library` (an ELF shared object) and opens it for `device`; `name` is for messages:
  /// "forward@cpu-x86_64-v3"; `fallback_nodes`: the operators that it calls by name, as AOTInductor's JSON, or empty.
  /// kInvalidFile: not one of ours, and why (the offending import by name); kUnavailable: for another machine. Its
  /// constructors run only after every check has passed.
  static Result<std::unique_ptr<Module>> open(std::span<const std::byte> library, const std::string& name,
                                              std::shared_ptr<Device> device, std::string_view fallback_nodes = {});
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  size_t input_count() const;
  size_t output_count() const;
  const std::vector<ModuleConstant>& constants() const;

  /// Binds constants in place: `tensors[i]` belongs to constants()[i], lies where the device's code reads it, and must
  /// stay unchanged while this object lives
  /// (it keeps a reference). kInvalidFile names a constant whose dtype or size differs.
  Status bind(std::span<const Tensor> tensors);
  /// Loads the constants from a stock package's blob, which must stay mapped while this object lives.
  /// kInvalidFile when it is too short.
  Status bind_blob(std::span<const std::byte> blob);

  /// Runs the method. `inputs` are checked for their count only; the caller checked the rest against the manifest.
  /// Shims take memory and threads from `context`. On a GPU, where inputs and outputs lie there, the work may still be
  /// under way in the context's stream when this returns. kFailed carries the message of the shim that failed. Before a
  /// successful bind, when the library needs one: kInternal.
  Result<std::vector<Tensor>> run(const KernelContext& context, std::span<const Tensor> inputs);

 private:
  class Impl;
  explicit Module(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth
