#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#if defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "tensor/float16.h"

namespace hearth::portable {

/// Four lanes of the compiler's own vectors: SSE2 on x86-64, NEON on aarch64. Its members are what a vector instruction
/// set must offer to the kernels, which are templates over it.
struct Isa {
  static constexpr const char* kName = "portable";
  static constexpr int kLanes = 4;
  /// Rows and vectors of the largest tile whose sums stay in registers.
#if defined(__aarch64__)
  static constexpr int kTileRows = 8;
#else
  static constexpr int kTileRows = 6;
#endif
  static constexpr int kTileVectors = 2;
  using Vector = float __attribute__((vector_size(16)));
  using Integer = int32_t __attribute__((vector_size(16)));
  using Unsigned = uint32_t __attribute__((vector_size(16)));
  using Halves = uint16_t __attribute__((vector_size(8)));
  using Bytes = uint8_t __attribute__((vector_size(4)));

  static Vector broadcast(float value) { return Vector{value, value, value, value}; }
  static Vector load(const float* from) {
    Vector value;
    std::memcpy(&value, from, sizeof(value));
    return value;
  }
  static void store(float* to, Vector value) { std::memcpy(to, &value, sizeof(value)); }
  /// The first `count` lanes, 0 < count ≤ kLanes; the others are 0.
  static Vector load_partial(const float* from, int count) {
    Vector value{};
    std::memcpy(&value, from, static_cast<size_t>(count) * sizeof(float));
    return value;
  }
  static void store_partial(float* to, Vector value, int count) {
    std::memcpy(to, &value, static_cast<size_t>(count) * sizeof(float));
  }
  /// a · b + c
  static Vector fma(Vector a, Vector b, Vector c) {
#if defined(__aarch64__)
    return vfmaq_f32(c, a, b);
#else
    return a * b + c;
#endif
  }
  static Unsigned widen_halves(Halves halves) { return __builtin_convertvector(halves, Unsigned); }
  static Integer widen_bytes(Bytes bytes) { return __builtin_convertvector(bytes, Integer); }
  /// float16 to float and back, rounded to nearest, ties to even.
  static Vector widen(Halves halves) {
    Vector value;
    for (int i = 0; i < kLanes; ++i) value[i] = std::bit_cast<Float16>(halves[i]);
    return value;
  }
  static Halves narrow(Vector value) {
    Halves halves;
    for (int i = 0; i < kLanes; ++i) halves[i] = Float16(value[i]).bits;
    return halves;
  }
};

}  // namespace hearth::portable
