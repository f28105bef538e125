#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "hearth/export.h"
#include "hearth/status.h"

namespace hearth {

/// Element types. The values are PyTorch's (c10::ScalarType), because compiled models pass them as numbers.
enum class DType : int32_t {
  kUInt8 = 0,
  kInt8 = 1,
  kInt16 = 2,
  kInt32 = 3,
  kInt64 = 4,
  kFloat16 = 5,
  kFloat32 = 6,
  kFloat64 = 7,
  kComplex64 = 9,
  kComplex128 = 10,
  kBool = 11,
  kBFloat16 = 15,
  kFloat8E5M2 = 23,
  kFloat8E4M3FN = 24,
  kFloat8E5M2FNUZ = 25,
  kFloat8E4M3FNUZ = 26,
  kUInt16 = 27,
  kUInt32 = 28,
  kUInt64 = 29,
  kInt4 = 40,  ///< Two to a byte, the first element in the low half.
  kFloat8E8M0FNU = 44,
};

/// Bits of one element; 0 for a value that is not a DType.
HEARTH_API int dtype_bits(DType dtype);
/// Torch's name: "float32", "bfloat16", "bool"...; "unknown" for a value that is not a DType.
HEARTH_API std::string_view dtype_name(DType dtype);
/// The inverse of dtype_name. kInvalidArgument for an unknown name.
HEARTH_API Result<DType> parse_dtype(std::string_view name);
/// True when `value` is one of the enumerators.
HEARTH_API bool is_dtype(int32_t value);

/// Where bytes lie. The values are PyTorch's (c10::DeviceType), for the same reason.
enum class MemoryKind : int32_t {
  kHost = 0,
  kCuda = 1,  ///< Of an NVIDIA GPU: the host reads and writes none of it.
};

/// Dimensions that a Tensor can have. PyTorch allows 64; no exported model was seen above 8.
inline constexpr int kMaxRank = 16;

/// Bytes that tensors share, with an owner that decides how they are given back. Reference counted; retain and release
/// are thread-safe.
class HEARTH_API Storage {
 public:
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  /// True for weights: the bytes stay as they are as long as this object lives, so derived forms may be cached by
  /// address.
  bool is_constant() const { return constant_; }
  MemoryKind memory() const { return memory_; }

  /// True while there is more than one reference. When false, only the holder of the one can make it true.
  bool is_shared() const { return references_.load(std::memory_order_acquire) > 1; }

  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) dispose();
  }

 protected:
  Storage(std::byte* data, size_t size, bool constant, MemoryKind memory = MemoryKind::kHost)
      : data_(data), size_(size), constant_(constant), memory_(memory) {}
  virtual ~Storage() = default;
  /// Gives the bytes back and destroys this object, or keeps it for revive(). Called on the thread of the last release.
  virtual void dispose() = 0;
  /// After dispose() kept the object: makes it shareable again, with one reference.
  void revive() { references_.store(1, std::memory_order_relaxed); }
  /// While nobody shares the object: makes it stand for other bytes.
  void move_to(std::byte* data, size_t size) {
    data_ = data;
    size_ = size;
  }

 private:
  std::atomic<int32_t> references_{1};
  std::byte* data_;
  size_t size_;
  bool constant_;
  MemoryKind memory_;
};

/// Owning pointer to a Storage.
class StorageRef {
 public:
  StorageRef() = default;
  /// Takes over one reference.
  explicit StorageRef(Storage* adopted) : storage_(adopted) {}
  StorageRef(const StorageRef& other) : storage_(other.storage_) {
    if (storage_) storage_->retain();
  }
  StorageRef(StorageRef&& other) noexcept : storage_(std::exchange(other.storage_, nullptr)) {}
  StorageRef& operator=(StorageRef other) noexcept {
    std::swap(storage_, other.storage_);
    return *this;
  }
  ~StorageRef() {
    if (storage_) storage_->release();
  }
  Storage* get() const { return storage_; }
  Storage* operator->() const { return storage_; }
  explicit operator bool() const { return storage_ != nullptr; }

 private:
  Storage* storage_ = nullptr;
};

/// A strided view of a Storage: dtype, shape, strides (both in elements) and an offset. A cheap value; copies share the
/// bytes. Thread-compatible: distinct copies may be used from distinct threads, the bytes are not synchronised.
class HEARTH_API Tensor {
 public:
  /// An undefined tensor: no storage, rank 0.
  Tensor() = default;

  /// New dense row-major memory from the system, 64-byte aligned, uninitialised. kInvalidArgument for negative sizes or
  /// a rank above kMaxRank, kOutOfMemory when the bytes overflow or cannot be had.
  static Result<Tensor> empty(DType dtype, std::span<const int64_t> shape);
  /// The same with given strides (≥ 0); the storage is just large enough for them.
  static Result<Tensor> empty_strided(DType dtype, std::span<const int64_t> shape, std::span<const int64_t> strides);
  /// A row-major view of memory that the caller keeps alive and unmoved while any copy of the tensor lives.
  static Result<Tensor> borrow(DType dtype, std::span<const int64_t> shape, void* data);
  /// A view into `storage`, `offset` elements from its start. kInvalidArgument when it would reach outside the storage;
  /// a view without elements that would begin there begins at 0.
  static Result<Tensor> view(StorageRef storage, DType dtype, std::span<const int64_t> shape,
                             std::span<const int64_t> strides, int64_t offset);

  bool defined() const { return static_cast<bool>(storage_); }
  DType dtype() const { return dtype_; }
  int rank() const { return rank_; }
  std::span<const int64_t> shape() const { return {shape_.data(), static_cast<size_t>(rank_)}; }
  std::span<const int64_t> strides() const { return {strides_.data(), static_cast<size_t>(rank_)}; }
  int64_t size(int dimension) const { return shape_[static_cast<size_t>(dimension)]; }
  int64_t stride(int dimension) const { return strides_[static_cast<size_t>(dimension)]; }
  /// Elements from the start of the storage.
  int64_t offset() const { return offset_; }
  /// Elements: the product of the shape.
  int64_t element_count() const;
  /// Bytes of the elements, without gaps.
  size_t byte_count() const;
  /// True when the elements lie row-major without gaps.
  bool is_contiguous() const;
  const StorageRef& storage() const { return storage_; }

  /// The first element. Null when undefined.
  void* data() const;
  template <typename T>
  T* data_as() const {
    return static_cast<T*>(data());
  }

 private:
  StorageRef storage_;
  DType dtype_ = DType::kFloat32;
  int32_t rank_ = 0;
  int64_t offset_ = 0;
  std::array<int64_t, kMaxRank> shape_{};
  std::array<int64_t, kMaxRank> strides_{};
};

/// "float32[1, 3, 224, 224]", for messages.
HEARTH_API std::string describe(const Tensor& tensor);
/// "[1, 3, 224, 224]", for messages.
HEARTH_API std::string describe_shape(std::span<const int64_t> shape);

}  // namespace hearth
