#include "kernels/cache_page.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "kernels/visit.h"
#include "tensor/copy.h"

namespace hearth {
namespace {

constexpr float kLargest = 127;

/// `count` tokens from `first` on of rows or scales, whose tokens are the third dimension.
Result<Tensor> part_of(const Tensor& tensor, int64_t first, int64_t count) {
  std::array<int64_t, kMaxRank> shape{};
  std::ranges::copy(tensor.shape(), shape.begin());
  shape[2] = count;
  return Tensor::view(tensor.storage(), tensor.dtype(), std::span(shape).first(static_cast<size_t>(tensor.rank())),
                      tensor.strides(), tensor.offset() + first * tensor.stride(2));
}

/// Rounds `count` numbers, `step` apart, to int8 with kZero added. Returns their scale.
template <typename T>
float round_row(const T* from, int64_t step, int64_t count, uint8_t* to) {
  float largest = 0;
  bool finite = true;
  for (int64_t i = 0; i < count; ++i) {
    const auto value = static_cast<float>(from[i * step]);
    finite = finite && std::isfinite(value);
    largest = std::max(largest, std::abs(value));
  }
  const float scale = largest / kLargest;
  // Where the scale is no normal number, its inverse would be infinite.
  const bool is_nothing = !finite || scale < std::numeric_limits<float>::min();
  const float inverse = is_nothing ? 0 : kLargest / largest;
  for (int64_t i = 0; i < count; ++i) {
    const float value = is_nothing ? 0 : std::nearbyint(static_cast<float>(from[i * step]) * inverse);
    to[i] = static_cast<uint8_t>(std::clamp(value, -kLargest, kLargest) + static_cast<float>(CachePage::kZero));
  }
  if (!finite) return std::numeric_limits<float>::quiet_NaN();
  return is_nothing ? 0 : scale;
}

}  // namespace

DType page_dtype(DType computed, std::optional<DType> kept) {
  const DType dtype = kept.value_or(computed);
  return dtype == DType::kInt8 ? DType::kUInt8 : dtype;
}

Result<CachePage> empty_page(MemoryPool& pool, DType dtype, int64_t heads, int64_t depth) {
  CachePage page;
  HEARTH_ASSIGN_OR_RETURN(page.rows, pool.empty(dtype, std::array{int64_t{1}, heads, CachePage::kTokens, depth}));
  if (dtype == DType::kUInt8) {
    HEARTH_ASSIGN_OR_RETURN(page.scales,
                            pool.empty(DType::kFloat32, std::array{int64_t{1}, heads, CachePage::kTokens}));
  }
  return page;
}

Status write_rows(const CachePage& page, int64_t first, const Tensor& rows) {
  if (!page.scales.defined()) {
    HEARTH_ASSIGN_OR_RETURN(const Tensor to, part_of(page.rows, first, rows.size(2)));
    return copy_strided(to, rows);
  }
  return visit_floating_dtype("attention", rows.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    for (int64_t head = 0; head < rows.size(1); ++head) {
      const T* from = rows.data_as<T>() + head * rows.stride(1);
      uint8_t* to = page.rows.data_as<uint8_t>() + head * page.rows.stride(1);
      float* scales = page.scales.data_as<float>() + head * page.scales.stride(1);
      for (int64_t token = 0; token < rows.size(2); ++token) {
        scales[first + token] = round_row(from + token * rows.stride(2), rows.stride(3), rows.size(3),
                                          to + (first + token) * page.rows.stride(2));
      }
    }
    return {};
  });
}

Status copy_tokens(const CachePage& to, const CachePage& from, int64_t count) {
  HEARTH_ASSIGN_OR_RETURN(const Tensor rows, part_of(from.rows, 0, count));
  HEARTH_ASSIGN_OR_RETURN(const Tensor same_rows, part_of(to.rows, 0, count));
  HEARTH_RETURN_IF_ERROR(copy_strided(same_rows, rows));
  if (!from.scales.defined()) return {};
  HEARTH_ASSIGN_OR_RETURN(const Tensor scales, part_of(from.scales, 0, count));
  HEARTH_ASSIGN_OR_RETURN(const Tensor same_scales, part_of(to.scales, 0, count));
  return copy_strided(same_scales, scales);
}

}  // namespace hearth
