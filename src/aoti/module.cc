#include "aoti/module.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "aoti/abi.h"
#include "aoti/borrowed_storage.h"
#include "aoti/container_abi.h"
#include "aoti/cuda/gpu_scope.h"
#include "aoti/fallback_nodes.h"
#include "aoti/import_gate.h"
#include "aoti/sealed_library.h"
#include "base/checked.h"
#include "base/errors.h"
#include "kernels/context.h"

namespace hearth {
namespace {

/// Handles that are deleted unless somebody made them null: inputs that a run did not take, outputs of one that failed.
class OwnedHandles {
 public:
  explicit OwnedHandles(size_t count) : handles_(count, nullptr) {}
  ~OwnedHandles() {
    // A method that gives one tensor twice hands out the same handle twice.
    std::ranges::sort(handles_);
    const auto repeated = std::ranges::unique(handles_);
    handles_.erase(repeated.begin(), repeated.end());
    for (AtenTensorHandle handle : handles_) delete_handle(handle);
  }
  OwnedHandles(const OwnedHandles&) = delete;
  OwnedHandles& operator=(const OwnedHandles&) = delete;
  AtenTensorHandle* data() { return handles_.data(); }
  AtenTensorHandle& operator[](size_t index) { return handles_[index]; }
  size_t size() const { return handles_.size(); }

 private:
  std::vector<AtenTensorHandle> handles_;
};

}  // namespace

class Module::Impl {
 public:
  Impl(std::string name, std::unique_ptr<SealedLibrary> library, const ContainerAbi& abi,
       std::shared_ptr<Device> device, std::vector<FallbackNode> fallback_nodes)
      : name_(std::move(name)),
        library_(std::move(library)),
        abi_(abi),
        device_(std::move(device)),
        fallback_nodes_(std::move(fallback_nodes)) {}

  ~Impl() {
    const GpuScope scope(*device_);
    if (container_ != nullptr) abi_.destroy(container_);
    // A bind makes a handle for each constant and forgets it; the container reads them until it is gone.
    for (AtenTensorHandle handle : bound_) delete_handle(handle);
  }

  Status create() {
    const ScopedConstants constants;
    const GpuScope scope(*device_);
    HEARTH_RETURN_IF_ERROR(scope.status());
    HEARTH_RETURN_IF_ERROR(check(abi_.create(&container_, 1, is_on_gpu() ? "cuda:0" : "cpu", nullptr), "loading"));
    HEARTH_RETURN_IF_ERROR(check(abi_.count_inputs(container_, &input_count_), "counting inputs"));
    HEARTH_RETURN_IF_ERROR(check(abi_.count_outputs(container_, &output_count_), "counting outputs"));
    HEARTH_RETURN_IF_ERROR(read_constants());
    is_bound_ = constants_.empty() || constants.used();
    return {};
  }

  size_t input_count() const { return input_count_; }
  size_t output_count() const { return output_count_; }
  const std::vector<ModuleConstant>& constants() const { return constants_; }

  Status bind(std::span<const Tensor> tensors) {
    if (tensors.size() != constants_.size()) {
      return invalid_argument("{}: {} constants were given, the library has {}", name_, tensors.size(),
                              constants_.size());
    }
    OwnedHandles handles(tensors.size());
    std::vector<ConstantEntry> entries;
    for (size_t i = 0; i < tensors.size(); ++i) {
      HEARTH_RETURN_IF_ERROR(check_constant(constants_[i], tensors[i]));
      handles[i] = new_handle(tensors[i]);
      entries.push_back({constants_[i].name.c_str(), handles[i]});
    }
    const ScopedHandleRecorder recorder(bound_);
    const GpuScope scope(*device_);
    HEARTH_RETURN_IF_ERROR(scope.status());
    HEARTH_RETURN_IF_ERROR(
        check(abi_.bind(container_, entries.data(), entries.size(), /*inactive=*/false, /*full=*/true),
              "binding its constants"));
    is_bound_ = true;
    return {};
  }

  Status bind_blob(std::span<const std::byte> blob) {
    if (is_on_gpu()) return unavailable("{}: packages that PyTorch made run on the CPU only", name_);
    CheckedSize needed = 0;
    for (const ModuleConstant& constant : constants_) needed += CheckedSize(constant.byte_count);
    if (!fits(needed, blob.size())) {
      return invalid_file("{}: the blob of constants has {} bytes, which is less than the library reads", name_,
                          blob.size());
    }
    const ScopedConstants constants;
    const ScopedHandleRecorder recorder(bound_);
    HEARTH_RETURN_IF_ERROR(
        check(abi_.bind_blob(container_, reinterpret_cast<const uint8_t*>(blob.data())), "loading its constants"));
    is_bound_ = is_bound_ || constants.used();
    return {};
  }

  Result<std::vector<Tensor>> run(const KernelContext& context, std::span<const Tensor> inputs) {
    if (inputs.size() != input_count_) {
      return invalid_argument("{} inputs were given, the method takes {}", inputs.size(), input_count_);
    }
    if (!is_bound_) {
      return error(StatusCode::kInternal, "{} was run before its {} constants were bound", name_, constants_.size());
    }
    OwnedHandles input_handles(inputs.size());
    OwnedHandles output_handles(output_count_);
    for (size_t i = 0; i < inputs.size(); ++i) input_handles[i] = new_handle(inputs[i]);
    const GpuScope scope(*device_, context.gpu != nullptr ? context.gpu->stream : nullptr);
    HEARTH_RETURN_IF_ERROR(scope.status());
    const int32_t code = call(context, scope, input_handles, output_handles);
    // The inputs that the library took over, all of them unless it failed early, are null now.
    HEARTH_RETURN_IF_ERROR(check(code, "running"));

    std::vector<Tensor> outputs;
    outputs.reserve(output_count_);
    for (size_t i = 0; i < output_count_; ++i) outputs.push_back(tensor_of(output_handles[i]));
    return outputs;
  }

 private:
  /// RunSingleThreaded is a plain function of its inputs and the constants, so that many threads may call it at once,
  /// except for the first run, which computes and stores what could be folded from the constants. The other entry, Run,
  /// would let one thread in at a time. On a GPU any run may be the first to need a kernel, which it loads and stores;
  /// there the host's part is short.
  int32_t call(const KernelContext& context, const GpuScope& gpu, OwnedHandles& inputs, OwnedHandles& outputs) {
    const ScopedKernelContext scope(context);
    const ScopedFlushDenormals flush;
    const auto run = [&] {
      return abi_.run(container_, inputs.data(), inputs.size(), outputs.data(), outputs.size(), gpu.stream(),
                      &fallback_nodes_);
    };
    if (!is_on_gpu() && has_run_.load(std::memory_order_acquire)) return run();
    const std::lock_guard lock(first_run_);
    const int32_t code = run();
    if (code == kAotiSuccess) has_run_.store(true, std::memory_order_release);
    return code;
  }

  bool is_on_gpu() const { return device_->properties().memory != MemoryKind::kHost; }

  Status read_constants() {
    size_t count = 0;
    HEARTH_RETURN_IF_ERROR(check(abi_.count_constants(container_, &count), "counting constants"));
    for (size_t i = 0; i < count; ++i) {
      const char* name = nullptr;
      const char* original = nullptr;
      int32_t dtype = 0;
      ModuleConstant constant;
      bool folded = false;
      const int32_t code =
          abi_.constant_name(container_, i, &name) | abi_.constant_original_name(container_, i, &original) |
          abi_.constant_dtype(container_, i, &dtype) | abi_.constant_size(container_, i, &constant.byte_count) |
          abi_.constant_from_folded(container_, i, &folded);
      HEARTH_RETURN_IF_ERROR(check(code, "listing constants"));
      if (folded) continue;
      constant.name = name;
      constant.original_name = original;
      constant.dtype = static_cast<DType>(dtype);
      constants_.push_back(std::move(constant));
    }
    return {};
  }

  static Status check_constant(const ModuleConstant& constant, const Tensor& tensor) {
    // The library may state the size that the constant takes in a blob, where each begins at a multiple of 64 bytes.
    constexpr size_t kAlignment = 64;
    const size_t size = tensor.byte_count();
    const bool fits =
        constant.byte_count == size || constant.byte_count == (size + kAlignment - 1) / kAlignment * kAlignment;
    if (tensor.defined() && tensor.dtype() == constant.dtype && fits) return {};
    return invalid_file("the constant '{}' ({}) is {} of {} bytes, the library wants {} of {} bytes", constant.name,
                        constant.original_name, describe(tensor), tensor.byte_count(), dtype_name(constant.dtype),
                        constant.byte_count);
  }

  Status check(int32_t code, std::string_view doing) const {
    std::string message = take_shim_error();
    // Code that left a parallel region early does not know that it failed.
    if (code == kAotiSuccess && message.empty()) return {};
    const char* last = nullptr;
    if (message.empty() && abi_.last_error != nullptr) abi_.last_error(&last);
    if (last != nullptr) message = last;
    return error(StatusCode::kFailed, "{} {} failed: {}", doing, name_,
                 message.empty() ? "the library does not say why" : message);
  }

  std::string name_;
  std::unique_ptr<SealedLibrary> library_;
  ContainerAbi abi_;
  std::shared_ptr<Device> device_;
  std::vector<FallbackNode> fallback_nodes_;  ///< What generated code knows as its proxy executor.
  ContainerAbi::Container container_ = nullptr;
  size_t input_count_ = 0;
  size_t output_count_ = 0;
  std::vector<ModuleConstant> constants_;
  std::vector<AtenTensorHandle> bound_;
  bool is_bound_ = false;
  std::mutex first_run_;
  std::atomic<bool> has_run_{false};
};

Module::Module(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Module::~Module() = default;

Result<std::unique_ptr<Module>> Module::open(std::span<const std::byte> library, const std::string& name,
                                             std::shared_ptr<Device> device, std::string_view fallback_nodes) {
  const auto place = [&name](const Status& status) { return status.with_context(name); };
  std::vector<FallbackNode> nodes;
  if (!fallback_nodes.empty()) {
    Result<std::vector<FallbackNode>> parsed = parse_fallback_nodes(fallback_nodes);
    if (!parsed.ok()) return place(parsed.status());
    nodes = *std::move(parsed);
  }
  const Result<ElfFacts> facts = read_elf(library);
  if (!facts.ok()) return place(facts.status());
  if (const Status status = check_imports(*facts); !status.ok()) return place(status);
  Result<std::unique_ptr<SealedLibrary>> sealed = SealedLibrary::open(library, name);
  if (!sealed.ok()) return place(sealed.status());
  const Result<ContainerAbi> abi = ContainerAbi::find(**sealed);
  if (!abi.ok()) return place(abi.status());
  auto impl = std::make_unique<Impl>(name, *std::move(sealed), *abi, std::move(device), std::move(nodes));
  HEARTH_RETURN_IF_ERROR(impl->create());
  return std::unique_ptr<Module>(new Module(std::move(impl)));
}

size_t Module::input_count() const { return impl_->input_count(); }
size_t Module::output_count() const { return impl_->output_count(); }
const std::vector<ModuleConstant>& Module::constants() const { return impl_->constants(); }
Status Module::bind(std::span<const Tensor> tensors) { return impl_->bind(tensors); }
Status Module::bind_blob(std::span<const std::byte> blob) { return impl_->bind_blob(blob); }
Result<std::vector<Tensor>> Module::run(const KernelContext& context, std::span<const Tensor> inputs) {
  return impl_->run(context, inputs);
}

}  // namespace hearth
