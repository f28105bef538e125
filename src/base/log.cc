#include "base/log.h"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace hearth {

void write_warning(std::string_view message) {
  static const bool quiet = [] {
    const char* level = std::getenv("HEARTH_LOG");
    return level != nullptr && std::string_view(level) == "quiet";
  }();
  if (quiet) return;
  const std::string line = fmt::format("hearth: warning: {}\n", message);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace hearth
