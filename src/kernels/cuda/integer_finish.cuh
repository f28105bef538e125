// What happens to the exact sums of products of bytes.
#pragma once

#include "bytes.cuh"
#include "integer_matmul_parameters.h"
#include "product_finish.cuh"

namespace hearth::gpu {

/// Of int8_t and uint8_t.
template <typename Byte>
constexpr bool kIsUnsigned = static_cast<Byte>(-1) > 0;

constexpr uint32_t kFourOnes = 0x01010101;

__device__ inline float residual_at(const IntegerProduct& product, int64_t row, int64_t column) {
  if (product.residual.data == nullptr) return 0.0F;
  if (product.residual_is_bytes == 0) return *address_of<float>(product.residual, 0, row, column);
  const int byte = *address_of<uint8_t>(product.residual, 0, row, column);
  return value_of_byte(byte, product.residual_zero, product.residual_scale);
}

__device__ inline void finish_integer(const IntegerProduct& product, int64_t row, int64_t column, int32_t sum) {
  if (product.result == IntegerProduct::kSums) {
    *address_of<int32_t>(product.out, 0, row, column) = sum;
    return;
  }
  float value = static_cast<float>(sum) * (product.row_scales != nullptr ? product.row_scales[row] : 1.0F) *
                product.column_scales[column * product.column_scales_stride];
  if (product.bias != nullptr) value += product.bias[column * product.bias_stride];
  value = activated(product.activation, value + residual_at(product, row, column));
  if (product.result == IntegerProduct::kFloats) {
    *address_of<float>(product.out, 0, row, column) = value;
  } else {
    *address_of<uint8_t>(product.out, 0, row, column) =
        static_cast<uint8_t>(nearest_byte(value, product.y_factor, product.y_zero));
  }
}

}  // namespace hearth::gpu
