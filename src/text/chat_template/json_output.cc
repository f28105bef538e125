#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/errors.h"
#include "text/chat_template/characters.h"
#include "text/chat_template/operators.h"
#include "text/chat_template/printing.h"
#include "text/chat_template/sorting.h"

namespace hearth::jinja {
namespace {

std::string escape_character(char32_t character, bool ascii) {
  switch (character) {
    case U'"':
      return "\\\"";
    case U'\\':
      return "\\\\";
    case U'\n':
      return "\\n";
    case U'\r':
      return "\\r";
    case U'\t':
      return "\\t";
    case U'\b':
      return "\\b";
    case U'\f':
      return "\\f";
    default:
      break;
  }
  auto number = static_cast<uint32_t>(character);
  if (number >= 0x20 && (!ascii || number < 0x7F)) return "";
  if (number == 0x7F) return ascii ? "\x7F" : "";
  if (number < 0x10000) return fmt::format("\\u{:04x}", number);
  number -= 0x10000;
  return fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (number >> 10), 0xDC00 + (number & 0x3FF));
}

class JsonWriter {
 public:
  JsonWriter(Budget& budget, const JsonLayout& layout) : budget_(budget), layout_(layout), builder_(budget) {}

  Result<Value> run(const Value& value) {
    HEARTH_RETURN_IF_ERROR(write(value, 0));
    return builder_.finish();
  }

 private:
  Status write(const Value& value, size_t level) {
    Nesting nesting(budget_);
    HEARTH_RETURN_IF_ERROR(nesting.enter());
    HEARTH_RETURN_IF_ERROR(builder_.status());
    if (value.is_string()) {
      HEARTH_RETURN_IF_ERROR(budget_.walk(value.text().size()));
      write_string(value.text());
    } else if (value.dictionary()) {
      return write_dictionary(value, level);
    } else if (const Sequence* sequence = value.sequence()) {
      if (sequence->kind != Sequence::Kind::kList && sequence->kind != Sequence::Kind::kTuple) return refuse(value);
      return write_list(*sequence, value.trusted(), level);
    } else {
      HEARTH_ASSIGN_OR_RETURN(const std::string text, scalar(value));
      builder_.append(text, value.trusted());
    }
    return {};
  }

  static Status refuse(const Value& value) {
    return invalid_argument("a value of type {} cannot be written as JSON", value.type_name());
  }

  static Result<std::string> scalar(const Value& value) {
    if (value.is_none()) return std::string("null");
    if (value.is_boolean()) return std::string(value.integer() != 0 ? "true" : "false");
    if (value.is_integral()) return fmt::format("{}", value.integer());
    if (!value.is_number()) return refuse(value);
    const double number = value.number();
    if (std::isnan(number)) return std::string("NaN");
    if (std::isinf(number)) return std::string(number > 0 ? "Infinity" : "-Infinity");
    return float_text(number);
  }

  void write_string(const OriginText& text) {
    const std::string& bytes = text.bytes();
    builder_.append("\"", text.trusted());
    size_t plain = 0;
    for (size_t i = 0; i < bytes.size();) {
      const Character character = character_at(bytes, i);
      const std::string escape = escape_character(character.code_point, layout_.ascii);
      if (!escape.empty()) {
        builder_.append(text, plain, i - plain);
        builder_.append(escape, text.trusted_at(i));
        plain = i + character.size;
      }
      i += character.size;
    }
    builder_.append(text, plain, bytes.size() - plain);
    builder_.append("\"", text.trusted());
  }

  void write_layout(const OriginText& text, bool trusted) { builder_.append(text.bytes(), trusted && text.trusted()); }

  void break_line(size_t level, bool trusted) {
    if (!layout_.multiline) return;
    builder_.append("\n", trusted);
    for (size_t i = 0; i < level; ++i) write_layout(layout_.indent, trusted);
  }

  Status write_list(const Sequence& list, bool trusted, size_t level) {
    builder_.append("[", trusted);
    for (size_t i = 0; i < list.items.size(); ++i) {
      if (i > 0) write_layout(layout_.item_separator, trusted);
      break_line(level + 1, trusted);
      HEARTH_RETURN_IF_ERROR(write(list.items[i], level + 1));
    }
    if (!list.items.empty()) break_line(level, trusted);
    builder_.append("]", trusted);
    return {};
  }

  Status write_key(const Value& key) {
    if (key.is_string()) {
      write_string(key.text());
      return {};
    }
    HEARTH_ASSIGN_OR_RETURN(const std::string text, scalar(key));
    builder_.append(fmt::format("\"{}\"", text), key.trusted());
    return {};
  }

  Status write_dictionary(const Value& value, size_t level) {
    const bool trusted = value.trusted();
    std::vector<std::pair<Value, Value>> entries = value.dictionary()->entries;
    HEARTH_RETURN_IF_ERROR(budget_.allocate(entries.size() * sizeof(entries[0])));
    if (layout_.sort_keys) {
      HEARTH_RETURN_IF_ERROR(
          sort_stable(entries, [&](const auto& a, const auto& b) { return less(budget_, a.first, b.first); }));
    }
    builder_.append("{", trusted);
    bool first = true;
    for (const auto& [key, item] : entries) {
      if (!first) write_layout(layout_.item_separator, trusted);
      first = false;
      break_line(level + 1, trusted);
      HEARTH_RETURN_IF_ERROR(write_key(key));
      write_layout(layout_.key_separator, trusted);
      HEARTH_RETURN_IF_ERROR(write(item, level + 1));
    }
    if (!entries.empty()) break_line(level, trusted);
    builder_.append("}", trusted);
    return {};
  }

  Budget& budget_;
  const JsonLayout& layout_;
  TextBuilder builder_;
};

}  // namespace

Result<Value> to_json(Budget& budget, const Value& value, const JsonLayout& layout) {
  return JsonWriter(budget, layout).run(value);
}

}  // namespace hearth::jinja
