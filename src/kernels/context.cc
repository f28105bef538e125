#include "kernels/context.h"

#include <map>
#include <mutex>
#include <optional>
#include <tuple>
#include <vector>

#include "base/errors.h"
#include "tensor/layout.h"

namespace hearth {
namespace {

thread_local const KernelContext* t_context = nullptr;

/// The bytes that the tensor reaches; storages may be shared with other weights.
std::span<const std::byte> bytes_of(const Tensor& tensor) {
  const auto size = elements_to_bytes(element_extent(tensor.shape(), tensor.strides()), tensor.dtype()).as<size_t>();
  return {static_cast<const std::byte*>(tensor.data()), size.value_or(0)};
}

}  // namespace

class PackedWeights::Impl {
 public:
  /// One weight in one layout; its mutex is held while it is packed.
  struct Entry {
    std::mutex mutex;
    std::optional<Tensor> packed;
  };
  /// Constant bytes never move while the model lives, so their address, shape and strides name a weight.
  using Key = std::tuple<const void*, std::vector<int64_t>, std::vector<int64_t>, std::string>;

  explicit Impl(std::function<Status(std::span<const std::byte>)> on_packed) : on_packed_(std::move(on_packed)) {}

  Entry& find(const Tensor& weight, const std::string& layout) {
    const auto vector = [](std::span<const int64_t> values) { return std::vector(values.begin(), values.end()); };
    const std::lock_guard lock(mutex_);
    return entries_[{weight.data(), vector(weight.shape()), vector(weight.strides()), layout}];
  }

  Status packed(const Tensor& weight, const Tensor& packed) {
    if (on_packed_) HEARTH_RETURN_IF_ERROR(on_packed_(bytes_of(weight)));
    const std::lock_guard lock(mutex_);
    byte_count_ += packed.byte_count();
    return {};
  }

  size_t byte_count() const {
    const std::lock_guard lock(mutex_);
    return byte_count_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<Key, Entry> entries_;
  std::function<Status(std::span<const std::byte>)> on_packed_;
  size_t byte_count_ = 0;
};

PackedWeights::PackedWeights(std::function<Status(std::span<const std::byte>)> on_packed)
    : impl_(std::make_unique<Impl>(std::move(on_packed))) {}
PackedWeights::~PackedWeights() = default;

Result<Tensor> PackedWeights::get(const Tensor& weight, const std::string& layout,
                                  FunctionRef<Result<Tensor>(const Tensor&)> pack) {
  if (!weight.defined() || !weight.storage()->is_constant()) {
    return invalid_argument("only constant weights can be kept packed");
  }
  Impl::Entry& entry = impl_->find(weight, layout);
  const std::lock_guard lock(entry.mutex);
  if (entry.packed) return *entry.packed;
  HEARTH_ASSIGN_OR_RETURN(Tensor packed, pack(weight));
  HEARTH_RETURN_IF_ERROR(impl_->packed(weight, packed));
  entry.packed = std::move(packed);
  return *entry.packed;
}

size_t PackedWeights::byte_count() const { return impl_->byte_count(); }

const KernelContext* current_kernel_context() { return t_context; }

ScopedKernelContext::ScopedKernelContext(const KernelContext& context) : previous_(t_context) { t_context = &context; }
ScopedKernelContext::~ScopedKernelContext() { t_context = previous_; }

}  // namespace hearth
