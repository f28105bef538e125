#pragma once

#include <optional>
#include <string>

namespace hearth::cli {

/// Lines that a person writes at a terminal, which can be edited, and called back with the arrow keys. They are
/// remembered until the program ends.
class LineReader {
 public:
  /// The next one; a line that ends with a backslash goes on in the next. Nothing at the end of input.
  std::optional<std::string> read(const std::string& prompt);
};

}  // namespace hearth::cli
