#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hearth/model.h"
#include "hearth/status.h"

namespace hearth::cli {

/// Prints a document on one line of standard output. Bytes that are not UTF-8 are replaced.
void print_json(const nlohmann::ordered_json& document);

/// Prints rows of text in columns, each as wide as its widest cell; `indent` spaces in front.
void print_columns(const std::vector<std::vector<std::string>>& rows, int indent = 2);

/// "845.3 KB", "1.2 GB": decimal units.
std::string format_bytes(uint64_t bytes);

/// "float32[batch, 3, 224, 224]".
std::string format_value(const ValueInfo& value);

/// Shows "text" on a terminal's standard error, over what it showed before; nothing elsewhere. An empty text clears the
/// line.
void show_progress(const std::string& text, bool quiet);

/// Refuses to run native code when the user trusts data only.
Status check_trust(const std::string& trust, const std::string& file);

}  // namespace hearth::cli
