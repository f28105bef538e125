#pragma once

#include <immintrin.h>

#include <cstdint>

namespace hearth::avx512 {

/// Sixteen lanes with AVX-512. Included by *_avx512.cc only; see portable::Isa for the members.
struct Isa {
  static constexpr const char* kName = "avx512";
  static constexpr int kLanes = 16;
  static constexpr int kTileRows = 14;
  static constexpr int kTileVectors = 2;
  using Vector = float __attribute__((vector_size(64)));
  using Integer = int32_t __attribute__((vector_size(64)));
  using Unsigned = uint32_t __attribute__((vector_size(64)));
  using Halves = uint16_t __attribute__((vector_size(32)));
  using Bytes = uint8_t __attribute__((vector_size(16)));

  static Vector broadcast(float value) { return _mm512_set1_ps(value); }
  static Vector load(const float* from) { return _mm512_loadu_ps(from); }
  static void store(float* to, Vector value) { _mm512_storeu_ps(to, value); }
  static Vector load_partial(const float* from, int count) { return _mm512_maskz_loadu_ps(first_lanes(count), from); }
  static void store_partial(float* to, Vector value, int count) {
    _mm512_mask_storeu_ps(to, first_lanes(count), value);
  }
  static Vector fma(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
  static Unsigned widen_halves(Halves halves) {
    return reinterpret_cast<Unsigned>(_mm512_maskz_cvtepu16_epi32(kAllLanes, reinterpret_cast<__m256i>(halves)));
  }
  static Integer widen_bytes(Bytes bytes) {
    return reinterpret_cast<Integer>(_mm512_maskz_cvtepu8_epi32(kAllLanes, reinterpret_cast<__m128i>(bytes)));
  }
  // With masks, because g++ 12 takes what the plain forms leave undefined for a mistake.
  /// value · 2^n for whole n.
  static Vector scale(Vector value, Vector n) { return _mm512_maskz_scalef_ps(kAllLanes, value, n); }
  static Vector widen(Halves halves) { return _mm512_maskz_cvtph_ps(kAllLanes, reinterpret_cast<__m256i>(halves)); }
  static Halves narrow(Vector value) {
    return reinterpret_cast<Halves>(_mm512_maskz_cvtps_ph(kAllLanes, value, _MM_FROUND_TO_NEAREST_INT));
  }

 private:
  static constexpr __mmask16 kAllLanes = 0xFFFF;
  static __mmask16 first_lanes(int count) { return static_cast<__mmask16>((1U << count) - 1); }
};

}  // namespace hearth::avx512
