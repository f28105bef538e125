#include "hearth/tensor.h"

#include <algorithm>
#include <new>

#include "base/errors.h"
#include "tensor/layout.h"

namespace hearth {
namespace {

constexpr std::align_val_t kAlignment{64};

class HeapStorage final : public Storage {
 public:
  HeapStorage(std::byte* data, size_t size) : Storage(data, size, /*constant=*/false) {}

 private:
  void dispose() override {
    ::operator delete(data(), kAlignment);
    delete this;
  }
};

class BorrowedStorage final : public Storage {
 public:
  BorrowedStorage(std::byte* data, size_t size) : Storage(data, size, /*constant=*/false) {}

 private:
  void dispose() override { delete this; }
};

}  // namespace

Result<Tensor> Tensor::view(StorageRef storage, DType dtype, std::span<const int64_t> shape,
                            std::span<const int64_t> strides, int64_t offset) {
  HEARTH_RETURN_IF_ERROR(check_layout(dtype, shape, strides));
  if (!dense_bytes(dtype, shape).valid()) {
    return invalid_argument("a view of shape {} has more elements than can be counted", describe_shape(shape));
  }
  if (!storage) return invalid_argument("a view of no storage was asked for");
  const CheckedSize extent = element_extent(shape, strides);
  const CheckedSize end = CheckedSize(offset) + extent;
  if (!fits(elements_to_bytes(end, dtype), storage->size())) {
    if (extent.get() == 0 && offset > 0) return view(std::move(storage), dtype, shape, strides, 0);
    return invalid_argument("a {}{} with strides {} at element {} reaches beyond its {} bytes of storage",
                            dtype_name(dtype), describe_shape(shape), describe_shape(strides), offset, storage->size());
  }
  if (offset * dtype_bits(dtype) % 8 != 0) {
    return invalid_argument("a view of packed {} elements cannot begin inside a byte, at element {}", dtype_name(dtype),
                            offset);
  }
  Tensor tensor;
  tensor.storage_ = std::move(storage);
  tensor.dtype_ = dtype;
  tensor.rank_ = static_cast<int32_t>(shape.size());
  tensor.offset_ = offset;
  std::ranges::copy(shape, tensor.shape_.begin());
  std::ranges::copy(strides, tensor.strides_.begin());
  return tensor;
}

Result<Tensor> Tensor::empty_strided(DType dtype, std::span<const int64_t> shape, std::span<const int64_t> strides) {
  HEARTH_ASSIGN_OR_RETURN(const size_t size, storage_bytes(dtype, shape, strides));
  auto* data = static_cast<std::byte*>(::operator new(size, kAlignment, std::nothrow));
  if (!data)
    return error(StatusCode::kOutOfMemory, "{} bytes for a {}{} cannot be had", size, dtype_name(dtype),
                 describe_shape(shape));
  return view(StorageRef(new HeapStorage(data, size)), dtype, shape, strides, 0);
}

Result<Tensor> Tensor::empty(DType dtype, std::span<const int64_t> shape) {
  HEARTH_ASSIGN_OR_RETURN(const auto strides, checked_row_major_strides(dtype, shape));
  return empty_strided(dtype, shape, {strides.data(), shape.size()});
}

Result<Tensor> Tensor::borrow(DType dtype, std::span<const int64_t> shape, void* data) {
  HEARTH_ASSIGN_OR_RETURN(const auto strides, checked_row_major_strides(dtype, shape));
  const std::span<const int64_t> used_strides(strides.data(), shape.size());
  HEARTH_ASSIGN_OR_RETURN(const size_t size, storage_bytes(dtype, shape, used_strides));
  if (!data && size > 0) return invalid_argument("a borrowed tensor needs an address");
  StorageRef storage(new BorrowedStorage(static_cast<std::byte*>(data), size));
  return view(std::move(storage), dtype, shape, used_strides, 0);
}

int64_t Tensor::element_count() const {
  int64_t count = 1;
  for (const int64_t size : shape()) count *= size;
  return count;
}

size_t Tensor::byte_count() const {
  return (static_cast<size_t>(element_count()) * static_cast<size_t>(dtype_bits(dtype_)) + 7) / 8;
}

bool Tensor::is_contiguous() const {
  std::array<int64_t, kMaxRank> expected{};
  row_major_strides(shape(), {expected.data(), shape().size()});
  return same_layout(shape(), strides(), {expected.data(), shape().size()});
}

void* Tensor::data() const {
  if (!storage_) return nullptr;
  return storage_->data() + offset_ * dtype_bits(dtype_) / 8;
}

std::string describe_shape(std::span<const int64_t> shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

std::string describe(const Tensor& tensor) {
  if (!tensor.defined()) return "undefined";
  return fmt::format("{}{}", dtype_name(tensor.dtype()), describe_shape(tensor.shape()));
}

}  // namespace hearth
