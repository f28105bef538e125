#pragma once

#include <cstdint>
#include <string>

#include "hearth/status.h"

namespace hearth::jinja {

/// Where something stands in a template, from 1; columns count bytes.
struct Position {
  uint32_t line = 1;
  uint32_t column = 1;
};

/// A piece of a template's source.
struct Token {
  enum class Kind : unsigned char {
    kData,  ///< Text outside of tags.
    kPrintBegin,
    kPrintEnd,
    kBlockBegin,
    kBlockEnd,
    kName,
    kString,
    kInteger,
    kFloat,
    kOperator,
    kEnd,
  };

  Kind kind = Kind::kEnd;
  std::string text;  ///< The text, the name, the string's value, the number's digits or the operator's characters.
  Position position;

  bool is(Kind wanted, const char* wanted_text) const { return kind == wanted && text == wanted_text; }
  bool is_operator(const char* characters) const { return is(Kind::kOperator, characters); }
  bool is_name(const char* name) const { return is(Kind::kName, name); }
};

/// kInvalidFile: "line 3, column 5: message".
Status syntax_error(Position position, std::string_view message);

}  // namespace hearth::jinja
