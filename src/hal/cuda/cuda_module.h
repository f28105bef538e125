#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "hal/cuda/context.h"
#include "hal/device.h"

namespace hearth::cuda {

class CudaFunction final : public DeviceFunction {
 public:
  static Result<std::unique_ptr<CudaFunction>> find(const Context& context, CUmodule module, const std::string& name,
                                                    uint32_t most_shared_bytes);

  const FunctionAttributes& attributes() const override { return attributes_; }
  Status allow_shared_bytes(uint32_t bytes) override;
  Status launch(Stream& stream, const LaunchShape& shape, std::span<void* const> arguments) override;
  CUfunction handle() const { return handle_; }

 private:
  CudaFunction(const Context& context, CUfunction handle, std::string name, uint32_t most_shared_bytes)
      : context_(context), handle_(handle), name_(std::move(name)), most_shared_bytes_(most_shared_bytes) {}
  Status read_attributes();

  const Context& context_;
  CUfunction handle_;
  std::string name_;
  uint32_t most_shared_bytes_;
  FunctionAttributes attributes_;
};

/// Loaded PTX, cubin or fatbin.
class CudaModule final : public DeviceModule {
 public:
  /// `properties` are the device's. A message names what has to be newer, the driver or the GPU, and has the driver's
  /// compiler's words.
  static Result<std::unique_ptr<DeviceModule>> load(std::shared_ptr<const Context> context,
                                                    const DeviceProperties& properties,
                                                    std::span<const std::byte> code);
  ~CudaModule() override;
  CudaModule(const CudaModule&) = delete;
  CudaModule& operator=(const CudaModule&) = delete;

  Result<DeviceFunction*> function(const std::string& name) override;
  Result<DeviceMemory> variable(const std::string& name) override;

 private:
  CudaModule(std::shared_ptr<const Context> context, CUmodule handle, uint32_t most_shared_bytes)
      : context_(std::move(context)), handle_(handle), most_shared_bytes_(most_shared_bytes) {}

  std::shared_ptr<const Context> context_;
  CUmodule handle_;
  uint32_t most_shared_bytes_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<CudaFunction>> functions_;
};

/// Loads device code of any kind, PTX up to its zero byte, into the current context. `log` takes what the driver's
/// compiler says.
CUresult load_image(const Driver& driver, CUmodule* module, const void* image, std::span<char> log);

/// What a driver's refusal to load code means, for people; used for code that is loaded by other ways than CudaModule
/// too. `log` is what the driver's compiler said, or empty.
Status load_error(const Context& context, const DeviceProperties& properties, std::span<const std::byte> code,
                  CUresult result, std::string_view log);

}  // namespace hearth::cuda
