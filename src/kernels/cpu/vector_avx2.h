#pragma once

#include <immintrin.h>

#include <cstdint>

namespace hearth::avx2 {

/// Eight lanes with AVX2 and FMA. Included by *_avx2.cc only; see portable::Isa for the members.
struct Isa {
  static constexpr const char* kName = "avx2";
  static constexpr int kLanes = 8;
  static constexpr int kTileRows = 6;
  static constexpr int kTileVectors = 2;
  using Vector = float __attribute__((vector_size(32)));
  using Integer = int32_t __attribute__((vector_size(32)));
  using Unsigned = uint32_t __attribute__((vector_size(32)));
  using Halves = uint16_t __attribute__((vector_size(16)));
  using Bytes = uint8_t __attribute__((vector_size(8)));

  static Vector broadcast(float value) { return _mm256_set1_ps(value); }
  static Vector load(const float* from) { return _mm256_loadu_ps(from); }
  static void store(float* to, Vector value) { _mm256_storeu_ps(to, value); }
  static Vector load_partial(const float* from, int count) { return _mm256_maskload_ps(from, first_lanes(count)); }
  static void store_partial(float* to, Vector value, int count) { _mm256_maskstore_ps(to, first_lanes(count), value); }
  static Vector fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
  static Unsigned widen_halves(Halves halves) {
    return reinterpret_cast<Unsigned>(_mm256_cvtepu16_epi32(reinterpret_cast<__m128i>(halves)));
  }
  static Integer widen_bytes(Bytes bytes) {
    return reinterpret_cast<Integer>(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(reinterpret_cast<int64_t>(bytes))));
  }
  static Vector widen(Halves halves) { return _mm256_cvtph_ps(reinterpret_cast<__m128i>(halves)); }
  static Halves narrow(Vector value) {
    return reinterpret_cast<Halves>(_mm256_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT));
  }

 private:
  static __m256i first_lanes(int count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
};

}  // namespace hearth::avx2
