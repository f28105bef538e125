#include "base/cpu_features.h"

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#elif defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace hearth {
namespace {

/// The words behind `key` in /proc/cpuinfo, for the first processor.
std::string cpuinfo_field(std::string_view key) {
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);) {
    if (!line.starts_with(key)) continue;
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

using FeatureNames = std::set<std::string, std::less<>>;

#if defined(__aarch64__)
/// From the auxiliary vector: under an emulator /proc/cpuinfo describes the host.
FeatureNames kernel_feature_names() {
  constexpr std::pair<unsigned long, std::string_view> kFirst[] = {
      {HWCAP_ASIMD, "asimd"}, {HWCAP_ASIMDHP, "asimdhp"}, {HWCAP_ASIMDDP, "asimddp"}, {HWCAP_SVE, "sve"}};
  constexpr std::pair<unsigned long, std::string_view> kSecond[] = {
      {HWCAP2_I8MM, "i8mm"}, {HWCAP2_BF16, "bf16"}, {HWCAP2_SVE2, "sve2"}};
  FeatureNames names;
  for (const auto& [bit, name] : kFirst) {
    if (getauxval(AT_HWCAP) & bit) names.emplace(name);
  }
  for (const auto& [bit, name] : kSecond) {
    if (getauxval(AT_HWCAP2) & bit) names.emplace(name);
  }
  return names;
}
#else
/// The kernel lists only what it has enabled, so a listed feature's registers are saved on a context switch too.
FeatureNames kernel_feature_names() {
  std::istringstream words(cpuinfo_field("flags"));
  FeatureNames names;
  for (std::string word; words >> word;) names.insert(word);
  // The kernel calls LZCNT "abm", after AMD's name for the pair it came with.
  if (names.contains("abm")) names.insert("lzcnt");
  return names;
}
#endif

/// HEARTH_CPU=avx512 hides AMX, HEARTH_CPU=avx2 AVX-512 too, and HEARTH_CPU=baseline also AVX2.
void lower(FeatureNames& names) {
  const char* value = std::getenv("HEARTH_CPU");
  const std::string_view level = value ? value : "";
  const bool baseline = level == "baseline";
  const bool avx2 = baseline || level == "avx2";
  const bool avx512 = avx2 || level == "avx512";
  std::erase_if(names, [&](const std::string& name) {
    const bool wide = name.starts_with("avx512");
    const bool middle = name.starts_with("avx") || name == "fma" || name == "f16c";
    return (avx512 && name.starts_with("amx")) || (avx2 && wide) || (baseline && middle);
  });
}

const FeatureNames& feature_names() {
  static const FeatureNames names = [] {
    FeatureNames found = kernel_feature_names();
    lower(found);
    return found;
  }();
  return names;
}

bool has_all(std::initializer_list<std::string_view> wanted) {
  for (const std::string_view name : wanted) {
    if (!feature_names().contains(name)) return false;
  }
  return true;
}

/// Asks the kernel for room to save the tile registers in; without it their first use is a fault.
bool may_use_amx() {
#if defined(__x86_64__)
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;               // XFEATURE_XTILEDATA
  return has_all({"amx_tile"}) && syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

}  // namespace

const CpuFeatures& cpu_features() {
  static const CpuFeatures features = [] {
    CpuFeatures found;
    found.avx2 = has_all({"avx2", "fma", "f16c", "bmi1", "bmi2", "lzcnt", "movbe"});
    found.avx512 = found.avx2 && has_all({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"});
    found.avx512_vnni = found.avx512 && has_all({"avx512_vnni"});
    found.avx512_bf16 = found.avx512 && has_all({"avx512_bf16"});
    found.avx512_bf16_is_fast = found.avx512_bf16 && cpuinfo_field("vendor_id") == "AuthenticAMD";
    found.avx_vnni = found.avx2 && has_all({"avx_vnni"});
    const bool amx = may_use_amx();
    found.amx_int8 = amx && has_all({"amx_int8"});
    found.amx_bf16 = amx && has_all({"amx_bf16"});
    found.neon = has_all({"asimd"});
    return found;
  }();
  return features;
}

bool cpu_has_feature(std::string_view name) { return feature_names().contains(name); }

std::string_view machine_name() {
#if defined(__x86_64__)
  return "x86_64";
#elif defined(__aarch64__)
  return "aarch64";
#endif
}

std::string_view system_name() { return "linux"; }

std::string cpu_model_name() {
  const std::string name = cpuinfo_field("model name");
  return name.empty() ? "unknown" : name;
}

}  // namespace hearth
