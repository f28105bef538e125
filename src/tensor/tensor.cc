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

Status check_shape(DType dtype, std::span<const int64_t> shape, std::span<const int64_t> strides) {
  if (dtype_bits(dtype) == 0) return invalid_argument("{} is not a dtype", static_cast<int32_t>(dtype));
  if (shape.size() > kMaxRank)
    return invalid_argument("a tensor of rank {} was asked for; the most is {}", shape.size(), kMaxRank);
  if (shape.size() != strides.size())
    return invalid_argument("{} sizes came with {} strides", shape.size(), strides.size());
  if (std::ranges::any_of(shape, [](int64_t size) { return size < 0; })) {
    return invalid_argument("the shape {} has a negative size", describe_shape(shape));
  }
  if (std::ranges::any_of(strides, [](int64_t stride) { return stride < 0; })) {
    return invalid_argument("the strides {} have a negative one", describe_shape(strides));
  }
  return {};
}

}  // namespace

Result<Tensor> Tensor::view(StorageRef storage, DType dtype, std::span<const int64_t> shape,
                            std::span<const int64_t> strides, int64_t offset) {
  HEARTH_RETURN_IF_ERROR(check_shape(dtype, shape, strides));
  if (!storage) return invalid_argument("a view of no storage was asked for");
  const CheckedSize end = CheckedSize(offset) + element_extent(shape, strides);
  if (!fits(elements_to_bytes(end, dtype), storage->size())) {
    return invalid_argument("a {}{} with strides {} at element {} reaches beyond its {} bytes of storage",
                            dtype_name(dtype), describe_shape(shape), describe_shape(strides), offset, storage->size());
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
  HEARTH_RETURN_IF_ERROR(check_shape(dtype, shape, strides));
  const auto bytes = elements_to_bytes(element_extent(shape, strides), dtype).as<ptrdiff_t>();
  if (!bytes)
    return error(StatusCode::kOutOfMemory, "a {}{} is larger than memory can be", dtype_name(dtype),
                 describe_shape(shape));
  const auto size = static_cast<size_t>(*bytes);
  auto* data = static_cast<std::byte*>(::operator new(size, kAlignment, std::nothrow));
  if (!data)
    return error(StatusCode::kOutOfMemory, "{} bytes for a {}{} cannot be had", size, dtype_name(dtype),
                 describe_shape(shape));
  return view(StorageRef(new HeapStorage(data, size)), dtype, shape, strides, 0);
}

Result<Tensor> Tensor::empty(DType dtype, std::span<const int64_t> shape) {
  if (shape.size() > kMaxRank)
    return invalid_argument("a tensor of rank {} was asked for; the most is {}", shape.size(), kMaxRank);
  std::array<int64_t, kMaxRank> strides{};
  if (!row_major_extent(shape).as<int64_t>()) {
    return error(StatusCode::kOutOfMemory, "a {}{} is larger than memory can be", dtype_name(dtype),
                 describe_shape(shape));
  }
  row_major_strides(shape, strides);
  return empty_strided(dtype, shape, {strides.data(), shape.size()});
}

Result<Tensor> Tensor::borrow(DType dtype, std::span<const int64_t> shape, void* data) {
  if (shape.size() > kMaxRank)
    return invalid_argument("a tensor of rank {} was asked for; the most is {}", shape.size(), kMaxRank);
  CheckedSize elements = 1;
  for (const int64_t size : shape) elements *= CheckedSize(size);
  const auto bytes = elements_to_bytes(elements, dtype).as<ptrdiff_t>();
  if (!bytes || !row_major_extent(shape).as<int64_t>()) {
    return invalid_argument("the shape {} is not that of memory", describe_shape(shape));
  }
  if (!data && *bytes > 0) return invalid_argument("a borrowed tensor needs an address");
  std::array<int64_t, kMaxRank> strides{};
  row_major_strides(shape, strides);
  StorageRef storage(new BorrowedStorage(static_cast<std::byte*>(data), static_cast<size_t>(*bytes)));
  return view(std::move(storage), dtype, shape, {strides.data(), shape.size()}, 0);
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
