#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hearth/status.h"

namespace hearth {

/// What a shared object says of itself, read without opening it.
struct ElfFacts {
  std::string machine;                    ///< "x86_64", "aarch64", or "unknown (N)".
  std::vector<std::string> needed;        ///< DT_NEEDED, and the libraries that it filters, in order.
  std::vector<std::string> imports;       ///< Undefined symbols that are not weak.
  std::vector<std::string> weak_imports;  ///< Bound like the others where somebody serves them.
  std::vector<std::string> exports;
  bool has_run_path = false;  ///< DT_RPATH or DT_RUNPATH.
  bool has_text_relocations = false;
  bool executable_stack = false;
};

/// Parses an ELF64 little-endian shared object within its bounds. kInvalidFile names the header or table that is wrong.
Result<ElfFacts> read_elf(std::span<const std::byte> bytes);

/// Refuses a library that this process must not open: another machine (kUnavailable), a run path, text relocations, a
/// NEEDED library or an import that is not on the list (kInvalidFile, by name). PyTorch's libraries may be needed: they
/// are not loaded (make_unloadable drops them), and every import has to be ours.
Status check_imports(const ElfFacts& facts);

/// Libraries in NEEDED: of the system; those whose functions Hearth serves itself, so that they must not be loaded;
/// PyTorch's.
bool is_system_library(std::string_view name);
bool is_replaced_library(std::string_view name);
bool is_torch_library(std::string_view name);

/// True when the runtime serves `symbol` (src/aoti/symbols.def) or it belongs to the C, maths or C++ library.
bool is_allowed_import(std::string_view symbol);

}  // namespace hearth
