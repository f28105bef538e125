#include "cli/line_reader.h"

#include <editline/readline.h>

#include <cstdlib>
#include <memory>

namespace hearth::cli {

std::optional<std::string> LineReader::read(const std::string& prompt) {
  std::string text;
  for (const char* shown = prompt.c_str();; shown = "… ") {
    const std::unique_ptr<char, void (*)(void*)> line(readline(shown), std::free);
    if (!line) return std::nullopt;
    text += line.get();
    if (!text.ends_with('\\')) break;
    text.back() = '\n';
  }
  if (!text.empty()) add_history(text.c_str());
  return text;
}

}  // namespace hearth::cli
