#include "aoti/exports.h"

#include <unordered_set>

#define HEARTH_DEVICE_SYMBOL(name) HEARTH_SYMBOL(name)
#if defined(__x86_64__)
#define HEARTH_SYMBOL_X86_64(name) HEARTH_SYMBOL(name)
#else
#define HEARTH_SYMBOL_X86_64(name)
#endif

extern "C" {
#define HEARTH_SYMBOL(name) void name();
#include "aoti/symbols.def"
#undef HEARTH_SYMBOL
}

namespace hearth {
namespace {

const ExportedFunction kFunctions[] = {
#define HEARTH_SYMBOL(name) {#name, &::name},
#include "aoti/symbols.def"
#undef HEARTH_SYMBOL
};

}  // namespace

std::span<const ExportedFunction> exported_functions() { return kFunctions; }

bool is_exported(std::string_view name) {
  static const std::unordered_set<std::string_view> names = [] {
    std::unordered_set<std::string_view> all;
    for (const ExportedFunction& function : kFunctions) all.insert(function.name);
    return all;
  }();
  return names.contains(name);
}

}  // namespace hearth
