#include "tensor/copy.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <type_traits>

#include "base/errors.h"
#include "tensor/strided_loop.h"
#include "tensor/visit_dtype.h"

namespace hearth {
namespace {

/// Casting a float outside of the range is undefined in C++. As on x86, int32 and the 64-bit types become the number
/// with only the highest bit set, and the others the lowest bits of the int64.
template <typename To>
To to_integer(double number) {
  if (std::is_same_v<To, int32_t> && !(number > -0x1p31 - 1 && number < 0x1p31)) {
    return static_cast<To>(std::numeric_limits<int32_t>::min());
  }
  if (std::is_same_v<To, uint64_t> && number >= 0x1p63 && number < 0x1p64) return static_cast<To>(number);
  if (!(number >= -0x1p63 && number < 0x1p63)) return static_cast<To>(std::numeric_limits<int64_t>::min());
  return static_cast<To>(static_cast<int64_t>(number));
}

template <typename To, typename From>
To convert(From value) {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (std::is_same_v<To, bool>) {
    return static_cast<bool>(value != From(0));
  } else if constexpr (std::is_same_v<To, Float16> || std::is_same_v<To, BFloat16>) {
    return To(static_cast<float>(value));
  } else if constexpr (std::is_integral_v<To> && !std::is_integral_v<From>) {
    return to_integer<To>(static_cast<std::conditional_t<std::is_same_v<From, double>, double, float>>(value));
  } else {
    return static_cast<To>(value);
  }
}

template <typename To, typename From>
void copy_elements(const Tensor& to, const Tensor& from) {
  auto* target = static_cast<To*>(to.data());
  const auto* source = static_cast<const From*>(from.data());
  StridedLoop<2>(to.shape(), {to.strides(), from.strides()})
      .run([&](const auto& offsets, int64_t count, const auto& strides) {
        To* t = target + offsets[0];
        const From* s = source + offsets[1];
        if (std::is_same_v<To, From> && strides[0] == 1 && strides[1] == 1) {
          std::memcpy(static_cast<void*>(t), s, static_cast<size_t>(count) * sizeof(To));
          return;
        }
        for (int64_t i = 0; i < count; ++i) t[i * strides[0]] = convert<To>(s[i * strides[1]]);
      });
}

Status copy_same_dtype(const Tensor& to, const Tensor& from) {
  switch (dtype_bits(to.dtype())) {
    case 8:
      copy_elements<uint8_t, uint8_t>(to, from);
      return {};
    case 16:
      copy_elements<uint16_t, uint16_t>(to, from);
      return {};
    case 32:
      copy_elements<uint32_t, uint32_t>(to, from);
      return {};
    case 64:
      copy_elements<uint64_t, uint64_t>(to, from);
      return {};
    case 128:
      copy_elements<std::complex<double>, std::complex<double>>(to, from);
      return {};
    default:
      break;
  }
  if (!to.is_contiguous() || !from.is_contiguous()) {
    return invalid_argument("packed {} elements can only be copied without gaps", dtype_name(to.dtype()));
  }
  if (from.byte_count() > 0) std::memcpy(to.data(), from.data(), from.byte_count());
  return {};
}

bool is_complex(const Tensor& tensor) {
  return tensor.dtype() == DType::kComplex64 || tensor.dtype() == DType::kComplex128;
}

/// The real (0) or imaginary (1) parts of a complex tensor.
Result<Tensor> part(const Tensor& tensor, int64_t which) {
  std::array<int64_t, kMaxRank> strides{};
  std::ranges::transform(tensor.strides(), strides.begin(), [](int64_t stride) { return stride * 2; });
  const DType real = tensor.dtype() == DType::kComplex64 ? DType::kFloat32 : DType::kFloat64;
  return Tensor::view(tensor.storage(), real, tensor.shape(), {strides.data(), tensor.strides().size()},
                      tensor.offset() * 2 + which);
}

/// Between two dtypes of which one at least is complex.
Status copy_by_parts(const Tensor& to, const Tensor& from) {
  const auto real_of = [](const Tensor& tensor) {
    return is_complex(tensor) ? part(tensor, 0) : Result<Tensor>(tensor);
  };
  HEARTH_ASSIGN_OR_RETURN(const Tensor to_real, real_of(to));
  HEARTH_ASSIGN_OR_RETURN(const Tensor from_real, real_of(from));
  HEARTH_RETURN_IF_ERROR(copy_strided(to_real, from_real));
  if (!is_complex(to)) return {};
  HEARTH_ASSIGN_OR_RETURN(const Tensor to_imaginary, part(to, 1));
  if (!is_complex(from)) return fill_zero(to_imaginary);
  HEARTH_ASSIGN_OR_RETURN(const Tensor from_imaginary, part(from, 1));
  return copy_strided(to_imaginary, from_imaginary);
}

}  // namespace

Status copy_strided(const Tensor& to, const Tensor& from) {
  if (!std::ranges::equal(to.shape(), from.shape())) {
    return invalid_argument("a tensor of shape {} cannot be copied to one of shape {}", describe_shape(from.shape()),
                            describe_shape(to.shape()));
  }
  if (!to.defined() || !from.defined()) return invalid_argument("an undefined tensor cannot be copied");
  if (to.dtype() == from.dtype()) return copy_same_dtype(to, from);
  if (is_complex(to) || is_complex(from)) return copy_by_parts(to, from);
  return visit_real_dtype(to.dtype(), [&]<typename To>(TypeTag<To>) -> Status {
    return visit_real_dtype(from.dtype(), [&]<typename From>(TypeTag<From>) -> Status {
      copy_elements<To, From>(to, from);
      return {};
    });
  });
}

Result<Tensor> expand_to(const Tensor& tensor, std::span<const int64_t> shape) {
  const auto rank = static_cast<size_t>(tensor.rank());
  bool fits = rank <= shape.size() && shape.size() <= kMaxRank;
  std::array<int64_t, kMaxRank> strides{};
  const size_t missing = fits ? shape.size() - rank : 0;
  for (size_t i = 0; fits && i < rank; ++i) {
    const bool same = tensor.shape()[i] == shape[missing + i];
    fits = same || tensor.shape()[i] == 1;
    strides[missing + i] = same ? tensor.strides()[i] : 0;
  }
  if (!fits) return invalid_argument("{} cannot be broadcast to {}", describe(tensor), describe_shape(shape));
  return Tensor::view(tensor.storage(), tensor.dtype(), shape, {strides.data(), shape.size()}, tensor.offset());
}

Status fill_zero(const Tensor& tensor) {
  if (!tensor.defined()) return invalid_argument("an undefined tensor cannot be cleared");
  if (tensor.byte_count() == 0) return {};
  if (tensor.is_contiguous()) {
    std::memset(tensor.data(), 0, tensor.byte_count());
    return {};
  }
  if (dtype_bits(tensor.dtype()) < 8) return invalid_argument("packed elements with gaps cannot be cleared");
  const auto size = static_cast<size_t>(dtype_bits(tensor.dtype()) / 8);
  auto* base = static_cast<std::byte*>(tensor.data());
  StridedLoop<1>(tensor.shape(), {tensor.strides()}).run([&](const auto& offsets, int64_t count, const auto& strides) {
    for (int64_t i = 0; i < count; ++i) {
      std::memset(base + (offsets[0] + i * strides[0]) * static_cast<int64_t>(size), 0, size);
    }
  });
  return {};
}

}  // namespace hearth
