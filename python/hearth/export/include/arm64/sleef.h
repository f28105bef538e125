/* The vector maths functions that torch's NEON headers call, as SLEEF 3.x declares them. The header in torch's wheel is
   made for the wheel's own processor; the runtime exports the functions. */
#pragma once
#include <arm_neon.h>
#ifdef __cplusplus
extern "C" {
#endif

#define HEARTH_UNARY(name, accuracy)                    \
  float32x4_t Sleef_##name##f4_##accuracy(float32x4_t); \
  float64x2_t Sleef_##name##d2_##accuracy(float64x2_t);
#define HEARTH_BINARY(name) float32x4_t Sleef_##name(float32x4_t, float32x4_t);
#define HEARTH_BINARY_DOUBLE(name) float64x2_t Sleef_##name(float64x2_t, float64x2_t);

HEARTH_UNARY(acos, u10)
HEARTH_UNARY(acosh, u10)
HEARTH_UNARY(asin, u10)
HEARTH_UNARY(asinh, u10)
HEARTH_UNARY(atan, u10)
HEARTH_UNARY(atanh, u10)
HEARTH_UNARY(cos, u10)
HEARTH_UNARY(cosh, u10)
HEARTH_UNARY(erf, u10)
HEARTH_UNARY(erfc, u15)
HEARTH_UNARY(exp, u10)
HEARTH_UNARY(exp2, u10)
HEARTH_UNARY(expm1, u10)
HEARTH_UNARY(lgamma, u10)
HEARTH_UNARY(log, u10)
HEARTH_UNARY(log10, u10)
HEARTH_UNARY(log1p, u10)
HEARTH_UNARY(log2, u10)
HEARTH_UNARY(sin, u10)
HEARTH_UNARY(sinh, u10)
HEARTH_UNARY(tan, u10)
HEARTH_UNARY(tanh, u10)

HEARTH_BINARY(atan2f4_u10)
HEARTH_BINARY(copysignf4)
HEARTH_BINARY(fmodf4)
HEARTH_BINARY(hypotf4_u05)
HEARTH_BINARY(nextafterf4)
HEARTH_BINARY(powf4_u10)
HEARTH_BINARY_DOUBLE(atan2d2_u10)
HEARTH_BINARY_DOUBLE(copysignd2)
HEARTH_BINARY_DOUBLE(fmodd2)
HEARTH_BINARY_DOUBLE(hypotd2_u05)
HEARTH_BINARY_DOUBLE(nextafterd2)
HEARTH_BINARY_DOUBLE(powd2_u10)

#undef HEARTH_UNARY
#undef HEARTH_BINARY
#undef HEARTH_BINARY_DOUBLE
#ifdef __cplusplus
}
#endif
