#pragma once

#include <simdjson.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "hearth/status.h"

namespace hearth {

/// A value in a JSON document and its path there, so that every complaint says where. Valid while the document's parser
/// lives.
class JsonField {
 public:
  JsonField(simdjson::dom::element element, std::string path) : element_(element), path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  /// kInvalidFile: "<path>: <message>".
  template <typename... Args>
  Status error(fmt::format_string<Args...> format, Args&&... args) const {
    return invalid_file("{}: {}", path_, fmt::format(format, std::forward<Args>(args)...));
  }

  bool is_null() const { return element_.is_null(); }
  bool is_string() const { return element_.is_string(); }

  Result<std::string_view> string() const;
  Result<int64_t> integer(int64_t least = std::numeric_limits<int64_t>::min(),
                          int64_t most = std::numeric_limits<int64_t>::max()) const;
  Result<bool> boolean() const;
  /// A finite number.
  Result<double> number() const;

  /// A required member of an object.
  Result<JsonField> member(std::string_view key) const;
  /// A member that may be absent.
  Result<std::optional<JsonField>> find(std::string_view key) const;
  Result<std::vector<JsonField>> array() const;
  /// All members; a key that occurs twice is an error.
  Result<std::vector<std::pair<std::string_view, JsonField>>> members() const;

 private:
  simdjson::dom::element element_;
  std::string path_;
};

}  // namespace hearth
