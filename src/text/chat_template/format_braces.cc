#include <charconv>

#include "base/errors.h"
#include "text/chat_template/access.h"
#include "text/chat_template/characters.h"
#include "text/chat_template/formatting.h"
#include "text/chat_template/printing.h"

namespace hearth::jinja {
namespace {

bool is_align(char32_t character) {
  return character == U'<' || character == U'>' || character == U'^' || character == U'=';
}

std::optional<size_t> take_number(std::string_view& text) {
  size_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return number;
}

bool take(std::string_view& text, char character) {
  if (!text.starts_with(character)) return false;
  text.remove_prefix(1);
  return true;
}

/// Source: https://docs.python.org/3/library/string.html#format-specification-mini-language
Result<FieldLayout> parse_layout(std::string_view text) {
  FieldLayout layout;
  const std::string_view whole = text;
  if (!text.empty()) {
    const Character first = character_at(text, 0);
    if (first.size < text.size() && is_align(static_cast<unsigned char>(text[first.size]))) {
      layout.fill = first.code_point;
      text.remove_prefix(first.size);
    }
  }
  if (!text.empty() && is_align(static_cast<unsigned char>(text[0]))) {
    layout.align = text[0];
    text.remove_prefix(1);
  }
  if (text.starts_with('+') || text.starts_with('-') || text.starts_with(' ')) {
    layout.sign = text[0];
    text.remove_prefix(1);
  }
  layout.alternate = take(text, '#');
  if (text.starts_with('0') && layout.align == '\0') {
    layout.fill = U'0';
    layout.align = '=';
  }
  layout.width = take_number(text).value_or(0);
  layout.grouping = take(text, ',');
  if (take(text, '.')) {
    layout.precision = take_number(text);
    if (!layout.precision) return invalid_argument("the format '{}' lacks a precision", whole);
  }
  if (!text.empty()) {
    layout.type = text[0];
    text.remove_prefix(1);
  }
  if (!text.empty() || std::string_view("\0sdioxXbneEfFgG%", 16).find(layout.type) == std::string_view::npos) {
    return invalid_argument("the format '{}' is not supported", whole);
  }
  return layout;
}

class BraceFormatter {
 public:
  BraceFormatter(Runtime& runtime, const OriginText& format, const Arguments& arguments)
      : runtime_(runtime), format_(format), arguments_(arguments), builder_(runtime.budget) {}

  Result<Value> run() {
    const std::string& bytes = format_.bytes();
    for (size_t i = 0; i < bytes.size();) {
      const size_t brace = std::min(bytes.find_first_of("{}", i), bytes.size());
      builder_.append(format_, i, brace - i);
      i = brace;
      if (i == bytes.size()) break;
      if (i + 1 < bytes.size() && bytes[i + 1] == bytes[i]) {
        builder_.append(format_, i, 1);
        i += 2;
        continue;
      }
      const size_t end = bytes.find('}', i);
      if (bytes[i] == '}' || end == std::string::npos) {
        return invalid_argument("the format has a single '{}': write it twice to print one", bytes[i]);
      }
      HEARTH_RETURN_IF_ERROR(append_field(std::string_view(bytes).substr(i + 1, end - i - 1)));
      i = end + 1;
    }
    return builder_.finish();
  }

 private:
  Status append_field(std::string_view field) {
    if (field.find('{') != std::string_view::npos) {
      return invalid_argument("fields inside of fields of a format are not supported");
    }
    const size_t colon = std::min(field.find(':'), field.size());
    std::string_view path = field.substr(0, colon);
    char conversion = '\0';
    if (path.size() >= 2 && path[path.size() - 2] == '!') {
      conversion = path.back();
      path.remove_suffix(2);
    }
    HEARTH_ASSIGN_OR_RETURN(Value value, find_value(path));
    if (conversion != '\0') {
      TextBuilder converted(runtime_.budget);
      HEARTH_RETURN_IF_ERROR(conversion == 'r' ? append_repr(runtime_.budget, converted, value)
                                               : append_str(runtime_.budget, converted, value));
      HEARTH_ASSIGN_OR_RETURN(value, converted.finish());
    }
    return append_value(value, field.substr(std::min(colon + 1, field.size())));
  }

  Result<Value> find_root(std::string_view name) {
    if (name.empty()) return positional(next_++);
    std::string_view rest = name;
    const std::optional<size_t> number = take_number(rest);
    if (number && rest.empty()) return positional(*number);
    for (const auto& [key, value] : arguments_.named) {
      if (key == name) return value;
    }
    return invalid_argument("the format names '{}', which was not given", name);
  }

  Result<Value> positional(size_t index) const {
    if (index < arguments_.positional.size()) return arguments_.positional[index];
    return invalid_argument("the format has more fields than values");
  }

  Result<Value> find_value(std::string_view path) {
    const size_t end = std::min(path.find_first_of(".["), path.size());
    HEARTH_ASSIGN_OR_RETURN(Value value, find_root(path.substr(0, end)));
    path.remove_prefix(end);
    while (!path.empty()) {
      const bool is_item = take(path, '[');
      if (!is_item) take(path, '.');
      const size_t size = std::min(is_item ? path.find(']') : path.find_first_of(".["), path.size());
      std::string_view name = path.substr(0, size);
      const std::string_view whole_name = name;
      path.remove_prefix(size);
      if (is_item && !take(path, ']')) return invalid_argument("the format has '[' without ']'");
      const std::optional<size_t> number = is_item ? take_number(name) : std::nullopt;
      const Value key = number && name.empty() ? Value(static_cast<int64_t>(*number)) : make_text(whole_name, true);
      HEARTH_ASSIGN_OR_RETURN(value,
                              is_item ? get_item(runtime_, value, key) : get_attribute(runtime_, value, whole_name));
    }
    return value;
  }

  Status append_value(const Value& value, std::string_view specification) {
    if (specification.empty()) return append_str(runtime_.budget, builder_, value);
    HEARTH_ASSIGN_OR_RETURN(const FieldLayout layout, parse_layout(specification));
    if (value.is_number() && !(value.is_boolean() && layout.type == 's')) {
      HEARTH_ASSIGN_OR_RETURN(std::string digits, number_text(value, layout));
      append_padded(builder_, OriginText(std::move(digits), value.trusted()), layout, '>');
      return {};
    }
    if (!value.is_string() || (layout.type != '\0' && layout.type != 's') || layout.align == '=') {
      return invalid_argument("the format '{}' does not fit a {}", specification, value.type_name());
    }
    OriginText text = value.text();
    if (layout.precision && *layout.precision < count_characters(text.bytes())) {
      text = text.part(0, character_offsets(text.bytes())[*layout.precision]);
    }
    append_padded(builder_, text, layout, '<');
    return {};
  }

  Runtime& runtime_;
  const OriginText& format_;
  const Arguments& arguments_;
  TextBuilder builder_;
  size_t next_ = 0;
};

}  // namespace

Result<Value> format_braces(Runtime& runtime, const OriginText& format, const Arguments& arguments) {
  return BraceFormatter(runtime, format, arguments).run();
}

}  // namespace hearth::jinja
