#include "hal/cuda/cuda_module.h"

#include <array>
#include <charconv>

#include "base/errors.h"
#include "hal/cuda/cuda_stream.h"
#include "hal/cuda/driver_versions.h"
#include "hal/cuda/module_image.h"

namespace hearth::cuda {
namespace {

std::string ptx_text(int version) { return fmt::format("{}.{}", version / 10, version % 10); }

Status driver_too_old(const Context& context, int ptx_version) {
  const int driver = context.driver().version;
  const int needed = cuda_of_ptx(ptx_version);
  return unavailable(
      "{}: the NVIDIA driver is too old for this model's code: driver {} (CUDA {}) reads PTX up to {}, the code is PTX "
      "{}: {}",
      context.name(), driver_branch(driver), version_text(driver), ptx_text(newest_ptx(driver)), ptx_text(ptx_version),
      needed > 0 ? fmt::format("needs driver {} or newer", driver_branch(needed)) : "needs the newest driver");
}

}  // namespace

CUresult load_image(const Driver& driver, CUmodule* module, const void* image, std::span<char> log) {
  std::array options{CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  std::array<void*, options.size()> values{log.data(), reinterpret_cast<void*>(log.size() - 1)};
  return driver.cuModuleLoadDataEx(module, image, options.size(), options.data(), values.data());
}

Status load_error(const Context& context, const DeviceProperties& properties, std::span<const std::byte> code,
                  CUresult result, std::string_view log) {
  const Result<ModuleImage> image = describe_image(code);
  if (result == CUDA_ERROR_UNSUPPORTED_PTX_VERSION && image.ok() && image->ptx_version > 0) {
    return driver_too_old(context, image->ptx_version);
  }
  const std::string_view number = std::string_view(properties.architecture).substr(std::string_view("sm_").size());
  int architecture = 0;
  std::from_chars(number.data(), number.data() + number.size(), architecture);
  if ((result == CUDA_ERROR_INVALID_PTX || result == CUDA_ERROR_NO_BINARY_FOR_GPU) && image.ok() &&
      image->target > architecture) {
    return unavailable("{}: the code is for sm_{} and newer GPUs, this one ({}) is {}: export the model for it",
                       context.name(), image->target, properties.description, properties.architecture);
  }
  Status status = context.check(result, "loading device code");
  if (log.empty()) return status;
  return {status.code(), fmt::format("{}. The driver's compiler says: {}", status.message(), log)};
}

Result<std::unique_ptr<DeviceModule>> CudaModule::load(std::shared_ptr<const Context> context,
                                                       const DeviceProperties& properties,
                                                       std::span<const std::byte> code) {
  const Result<ModuleImage> image = describe_image(code);
  if (!image.ok()) return image.status().with_context(context->name());
  const CurrentContext current(*context);
  HEARTH_RETURN_IF_ERROR(current.status());

  std::string text;  // The driver takes PTX up to its zero byte.
  const void* start = code.data();
  if (image->kind == ModuleImage::Kind::kPtx) {
    text.assign(reinterpret_cast<const char*>(code.data()), code.size());
    start = text.c_str();
  }
  std::array<char, 8192> log{};
  CUmodule handle = nullptr;
  const CUresult result = load_image(context->driver(), &handle, start, log);
  if (result != CUDA_SUCCESS) return load_error(*context, properties, code, result, log.data());
  return std::unique_ptr<DeviceModule>(new CudaModule(std::move(context), handle, properties.shared_bytes));
}

CudaModule::~CudaModule() {
  const CurrentContext current(*context_);
  context_->warn(context_->driver().cuModuleUnload(handle_), "unloading device code");
}

Result<DeviceFunction*> CudaModule::function(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (const auto found = functions_.find(name); found != functions_.end()) return found->second.get();
  const CurrentContext current(*context_);
  HEARTH_RETURN_IF_ERROR(current.status());
  HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<CudaFunction> function,
                          CudaFunction::find(*context_, handle_, name, most_shared_bytes_));
  return functions_.emplace(name, std::move(function)).first->second.get();
}

Result<DeviceMemory> CudaModule::variable(const std::string& name) {
  const CurrentContext current(*context_);
  HEARTH_RETURN_IF_ERROR(current.status());
  CUdeviceptr address = 0;
  size_t size = 0;
  const CUresult result = context_->driver().cuModuleGetGlobal(&address, &size, handle_, name.c_str());
  if (result == CUDA_ERROR_NOT_FOUND) {
    return error(StatusCode::kNotFound, "{}: the code has no variable '{}'", context_->name(), name);
  }
  HEARTH_RETURN_IF_ERROR(context_->check(result, "looking up a variable"));
  return DeviceMemory{reinterpret_cast<void*>(address), size};
}

Result<std::unique_ptr<CudaFunction>> CudaFunction::find(const Context& context, CUmodule module,
                                                         const std::string& name, uint32_t most_shared_bytes) {
  CUfunction handle = nullptr;
  const CUresult result = context.driver().cuModuleGetFunction(&handle, module, name.c_str());
  if (result == CUDA_ERROR_NOT_FOUND) {
    return error(StatusCode::kNotFound, "{}: the code has no function '{}'", context.name(), name);
  }
  HEARTH_RETURN_IF_ERROR(context.check(result, "looking up a function"));
  std::unique_ptr<CudaFunction> function(new CudaFunction(context, handle, name, most_shared_bytes));
  HEARTH_RETURN_IF_ERROR(function->read_attributes());
  return function;
}

Status CudaFunction::read_attributes() {
  const auto read = [this](CUfunction_attribute which, auto& into) {
    int value = 0;
    HEARTH_RETURN_IF_ERROR(
        context_.check(context_.driver().cuFuncGetAttribute(&value, which, handle_), "asking what a function needs"));
    into = static_cast<std::remove_reference_t<decltype(into)>>(value);
    return Status();
  };
  HEARTH_RETURN_IF_ERROR(read(CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, attributes_.max_threads));
  HEARTH_RETURN_IF_ERROR(read(CU_FUNC_ATTRIBUTE_NUM_REGS, attributes_.registers));
  HEARTH_RETURN_IF_ERROR(read(CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, attributes_.shared_bytes));
  return read(CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES, attributes_.local_bytes);
}

Status CudaFunction::allow_shared_bytes(uint32_t bytes) {
  if (bytes > most_shared_bytes_ || attributes_.shared_bytes > most_shared_bytes_ - bytes) {
    return invalid_argument("{}: function '{}' asks for {} bytes of shared memory for a block, the GPU has {}",
                            context_.name(), name_, uint64_t{bytes} + attributes_.shared_bytes, most_shared_bytes_);
  }
  const CurrentContext current(context_);
  HEARTH_RETURN_IF_ERROR(current.status());
  return context_.check(context_.driver().cuFuncSetAttribute(handle_, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                                                             static_cast<int>(bytes)),
                        "allowing a function shared memory");
}

Status CudaFunction::launch(Stream& stream, const LaunchShape& shape, std::span<void* const> arguments) {
  const CurrentContext current(context_);
  HEARTH_RETURN_IF_ERROR(current.status());
  const auto& [grid, block, shared_bytes] = shape;
  const CUresult result =
      context_.driver().cuLaunchKernel(handle_, grid.x, grid.y, grid.z, block.x, block.y, block.z, shared_bytes,
                                       handle_of(stream), const_cast<void**>(arguments.data()), nullptr);
  if (result == CUDA_SUCCESS) return {};
  const Status status = context_.check(
      result,
      fmt::format("launching '{}' with {} x {} x {} blocks of {} x {} x {} threads and {} bytes of shared memory",
                  name_, grid.x, grid.y, grid.z, block.x, block.y, block.z, shared_bytes));
  // What an invalid value is here, the caller chose.
  return result == CUDA_ERROR_INVALID_VALUE ? Status(StatusCode::kInvalidArgument, status.message()) : status;
}

}  // namespace hearth::cuda
