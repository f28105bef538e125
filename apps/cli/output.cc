#include "cli/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/errors.h"

namespace hearth::cli {

void print_json(const nlohmann::ordered_json& document) {
  using Json = nlohmann::ordered_json;
  fmt::print("{}\n", document.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void print_columns(const std::vector<std::vector<std::string>>& rows, int indent) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line(static_cast<size_t>(indent), ' ');
    for (size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    fmt::print("{}\n", line);
  }
}

std::string format_bytes(uint64_t bytes) {
  constexpr std::array kUnits{"bytes", "KB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1000 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} bytes", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string format_value(const ValueInfo& value) {
  std::vector<std::string> sizes;
  for (size_t i = 0; i < value.shape.size(); ++i) {
    if (value.shape[i] >= 0) {
      sizes.push_back(std::to_string(value.shape[i]));
    } else {
      sizes.push_back(value.symbols[i].empty() ? "?" : value.symbols[i]);
    }
  }
  return fmt::format("{}[{}]", dtype_name(value.dtype), fmt::join(sizes, ", "));
}

void show_progress(const std::string& text, bool quiet) {
  if (quiet || isatty(STDERR_FILENO) == 0) return;
  fmt::print(stderr, "\r\033[K{}", text);
  std::fflush(stderr);
}

Status check_trust(const std::string& trust, const std::string& file) {
  if (trust != "data") return {};
  return invalid_file(
      "{}: the file holds native code, which --trust data does not run; `hearth inspect` reads it without running "
      "anything",
      file);
}

}  // namespace hearth::cli
