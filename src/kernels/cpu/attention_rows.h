#pragma once

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "kernels/attention_operands.h"
#include "kernels/cpu/micro_kernels.h"

namespace hearth {

/// to[i] = from[i * step], i < count, as floats.
template <typename T>
void load_row(const MicroKernels& kernels, const T* from, int64_t step, int64_t count, float* to) {
  if constexpr (std::is_same_v<T, float>) {
    if (step == 1) return void(std::copy_n(from, count, to));
  } else if constexpr (std::is_same_v<T, BFloat16>) {
    if (step == 1) return kernels.widen_bfloat16(from, to, count);
  } else if constexpr (std::is_same_v<T, Float16>) {
    if (step == 1) return kernels.widen_float16(from, to, count);
  }
  for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i * step]);
}

/// A row of keys or values, `count` numbers, as floats.
inline void load_row(const MicroKernels& kernels, const AttentionRows& rows, int64_t batch, int64_t head,
                     int64_t position, int64_t count, float* to) {
  const auto load = [&]<typename T>(const T* from) { load_row(kernels, from, rows.element_stride(), count, to); };
  switch (rows.dtype()) {
    case DType::kFloat32:
      return load(rows.at<float>(batch, head, position));
    case DType::kBFloat16:
      return load(rows.at<BFloat16>(batch, head, position));
    case DType::kFloat16:
      return load(rows.at<Float16>(batch, head, position));
    case DType::kFloat64:
      return load(rows.at<double>(batch, head, position));
    default:
      return kernels.dequantize(rows.at<uint8_t>(batch, head, position),
                                {.scale = rows.scale(head, position), .zero = CachePage::kZero}, to, count);
  }
}

/// The same as they are.
inline void load_row(const MicroKernels&, const BFloat16* from, int64_t step, int64_t count, BFloat16* to) {
  if (step == 1) return void(std::copy_n(from, count, to));
  for (int64_t i = 0; i < count; ++i) to[i] = from[i * step];
}

/// A row as a product takes it: floats or, with `pairs`, two bfloat16 numbers to an element, filled up with zeros to
/// `elements`.
template <typename T>
void load_elements(const MicroKernels& kernels, bool pairs, const T* from, int64_t step, int64_t count,
                   int64_t elements, float* to) {
  if constexpr (std::is_same_v<T, BFloat16>) {
    if (pairs) {
      auto* numbers = reinterpret_cast<BFloat16*>(to);
      load_row(kernels, from, step, count, numbers);
      std::fill(numbers + count, numbers + 2 * elements, BFloat16());
      return;
    }
  }
  load_row(kernels, from, step, count, to);
  std::fill(to + count, to + elements, 0.0F);
}

/// to[i * step] = from[i], i < count.
template <typename T>
void store_row(const MicroKernels& kernels, const float* from, int64_t count, T* to, int64_t step) {
  if constexpr (std::is_same_v<T, float>) {
    if (step == 1) return void(std::copy_n(from, count, to));
  } else if constexpr (std::is_same_v<T, BFloat16>) {
    if (step == 1) return kernels.narrow_bfloat16(from, to, count);
  } else if constexpr (std::is_same_v<T, Float16>) {
    if (step == 1) return kernels.narrow_float16(from, to, count);
  }
  for (int64_t i = 0; i < count; ++i) to[i * step] = static_cast<T>(from[i]);
}

}  // namespace hearth
