#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hearth {

/// Instruction sets that kernels and targets ask for. Detected once; the operating system's support for the wide
/// registers is included.
struct CpuFeatures {
  bool avx2 = false;    ///< AVX2, FMA, F16C, BMI1, BMI2, LZCNT and MOVBE: x86-64-v3.
  bool avx512 = false;  ///< AVX-512 F, BW, CD, DQ and VL: x86-64-v4.
  bool avx512_vnni = false;
  bool avx512_bf16 = false;
  bool avx512_bf16_is_fast = false;  ///< Twice float32's rate: on AMD. On Intel it is slower than float32's.
  bool avx_vnni = false;
  bool amx_int8 = false;  ///< The kernel lets this process use the tile registers.
  bool amx_bf16 = false;
  bool neon = false;
};

/// This machine's features. HEARTH_CPU=baseline|avx2|avx512 in the environment lowers them, so that tests and
/// comparisons can reach every path.
const CpuFeatures& cpu_features();

/// True when this processor has the feature that the kernel's /proc/cpuinfo calls `name` ("avx2", "fma", "lzcnt",
/// "avx512f", "asimd"…).
bool cpu_has_feature(std::string_view name);

/// The machine's name as archives spell it: "x86_64", "aarch64".
std::string_view machine_name();
/// "linux", "windows" or "macos".
std::string_view system_name();
/// The processor's own name, for people: "AMD EPYC 9R14"; "unknown" where it cannot be read.
std::string cpu_model_name();

}  // namespace hearth
