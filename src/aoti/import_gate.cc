#include "aoti/import_gate.h"

#include <algorithm>
#include <unordered_set>

#include "aoti/elf_image.h"
#include "aoti/exports.h"
#include "base/cpu_features.h"
#include "base/errors.h"

namespace hearth {
namespace {

const std::unordered_set<std::string_view>& system_symbols() {
  static const std::unordered_set<std::string_view> symbols{
#define HEARTH_SYSTEM_SYMBOL(name) #name,
#define HEARTH_SYSTEM_PREFIX(name)
#include "aoti/system_symbols.def"
#undef HEARTH_SYSTEM_SYMBOL
#undef HEARTH_SYSTEM_PREFIX
  };
  return symbols;
}

constexpr std::string_view kAllowedPrefixes[] = {
#define HEARTH_SYSTEM_SYMBOL(name)
#define HEARTH_SYSTEM_PREFIX(name) #name,
#include "aoti/system_symbols.def"
#undef HEARTH_SYSTEM_SYMBOL
#undef HEARTH_SYSTEM_PREFIX
};

constexpr std::string_view kSystemLibraries[] = {
    "libc.so.6",     "libm.so.6",      "libpthread.so.0",      "libdl.so.2",           "librt.so.1",
    "libgcc_s.so.1", "libstdc++.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"};

/// Weak imports of every library that GCC links, which no library on Linux serves.
constexpr std::string_view kToolchainHooks[] = {"__gmon_start__", "_ITM_deregisterTMCloneTable",
                                                "_ITM_registerTMCloneTable"};

bool is_toolchain_hook(std::string_view symbol) {
  return std::ranges::find(kToolchainHooks, symbol) != std::end(kToolchainHooks);
}

/// What makes the loader open another library.
bool names_library(int64_t tag) { return tag == DT_NEEDED || tag == DT_FILTER || tag == DT_AUXILIARY; }

std::string machine_of(uint16_t machine) {
  if (machine == EM_X86_64) return "x86_64";
  if (machine == EM_AARCH64) return "aarch64";
  return fmt::format("unknown ({})", machine);
}

}  // namespace

Result<ElfFacts> read_elf(std::span<const std::byte> bytes) {
  HEARTH_ASSIGN_OR_RETURN(const ElfImage image, ElfImage::open(bytes));
  ElfFacts facts;
  facts.machine = machine_of(image.machine());
  for (const Elf64_Dyn& entry : image.dynamic()) {
    if (names_library(entry.d_tag)) {
      HEARTH_ASSIGN_OR_RETURN(const std::string_view name, image.string(entry.d_un.d_val));
      facts.needed.emplace_back(name);
    }
    facts.has_run_path = facts.has_run_path || entry.d_tag == DT_RPATH || entry.d_tag == DT_RUNPATH;
    facts.has_text_relocations = facts.has_text_relocations || entry.d_tag == DT_TEXTREL ||
                                 (entry.d_tag == DT_FLAGS && (entry.d_un.d_val & DF_TEXTREL) != 0);
  }
  for (const Elf64_Phdr& segment : image.segments()) {
    if (segment.p_type == PT_GNU_STACK) facts.executable_stack = (segment.p_flags & PF_X) != 0;
  }
  for (const Elf64_Sym& symbol : image.symbols()) {
    if (symbol.st_name == 0) continue;
    HEARTH_ASSIGN_OR_RETURN(const std::string_view name, image.string(symbol.st_name));
    const bool weak = ELF64_ST_BIND(symbol.st_info) == STB_WEAK;
    (symbol.st_shndx != SHN_UNDEF ? facts.exports : weak ? facts.weak_imports : facts.imports).emplace_back(name);
  }
  return facts;
}

bool is_allowed_import(std::string_view symbol) {
  return is_exported(symbol) || system_symbols().contains(symbol) ||
         std::ranges::any_of(kAllowedPrefixes, [&](std::string_view prefix) { return symbol.starts_with(prefix); });
}

bool is_system_library(std::string_view name) {
  return std::ranges::find(kSystemLibraries, name) != std::end(kSystemLibraries);
}

bool is_replaced_library(std::string_view name) {
  return name.starts_with("libgomp.so") || name.starts_with("libomp.so");
}

bool is_torch_library(std::string_view name) { return name.starts_with("libtorch") || name.starts_with("libc10"); }

Status check_imports(const ElfFacts& facts) {
  if (facts.machine != machine_name())
    return unavailable("the code is for {}, this machine is {}", facts.machine, machine_name());
  if (facts.has_run_path) return invalid_file("the library asks for a search path of its own (RPATH)");
  if (facts.has_text_relocations) return invalid_file("the library wants to change its own code (TEXTREL)");
  for (const std::string& name : facts.needed) {
    if (is_system_library(name) || is_replaced_library(name) || is_torch_library(name)) continue;
    return invalid_file("the library needs '{}', which Hearth does not load", name);
  }
  const auto refuse = [](const std::string& symbol) {
    return invalid_file("the library imports '{}', which Hearth neither has nor lets models use", symbol);
  };
  for (const std::string& symbol : facts.imports) {
    if (!is_allowed_import(symbol)) return refuse(symbol);
  }
  for (const std::string& symbol : facts.weak_imports) {
    if (!is_allowed_import(symbol) && !is_toolchain_hook(symbol)) return refuse(symbol);
  }
  return {};
}

}  // namespace hearth
