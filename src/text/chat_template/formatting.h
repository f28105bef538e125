#pragma once

#include <optional>
#include <string>

#include "hearth/status.h"
#include "text/chat_template/runtime.h"
#include "text/chat_template/text_builder.h"
#include "text/chat_template/value.h"

namespace hearth::jinja {

/// Python's `format % values`: values is a tuple, a dictionary for `%(name)s`, or a single one. Text keeps its origin.
/// kInvalidArgument for formats that it does not know, and for values that do not fit.
Result<Value> format_percent(Budget& budget, const OriginText& format, const Value& values);
/// Python's `format.format(…)`: fields by number, by name and in turn, with attributes, items, conversions and the
/// usual format specifications.
Result<Value> format_braces(Runtime& runtime, const OriginText& format, const Arguments& arguments);

/// A field's layout, in the words of Python's format specification.
struct FieldLayout {
  char align = '\0';  ///< '<', '>', '^', '=' or none.
  char32_t fill = U' ';
  char sign = '-';
  bool alternate = false;
  bool grouping = false;
  size_t width = 0;
  std::optional<size_t> precision;
  char type = '\0';
};

/// The text of a number with this layout, without its padding. kInvalidArgument when the type does not fit.
Result<std::string> number_text(const Value& value, const FieldLayout& layout);
/// Appends text, padded to the layout's width. Padding is trusted, since the template asks for it.
void append_padded(TextBuilder& builder, const OriginText& text, const FieldLayout& layout, char default_align);

}  // namespace hearth::jinja
