#include "text/chat_template/printing.h"

#include <fmt/format.h>

#include <cmath>

#include "base/errors.h"
#include "text/chat_template/characters.h"
#include "text/chat_template/macro.h"
#include "text/chat_template/runtime.h"

namespace hearth::jinja {
namespace {

std::string escape_character(char32_t character, char quote) {
  if (character == U'\\') return "\\\\";
  if (character == static_cast<char32_t>(quote)) return fmt::format("\\{}", quote);
  if (character == U'\n') return "\\n";
  if (character == U'\r') return "\\r";
  if (character == U'\t') return "\\t";
  if (is_printable(character)) return "";
  const auto number = static_cast<uint32_t>(character);
  if (number < 0x100) return fmt::format("\\x{:02x}", number);
  return number < 0x10000 ? fmt::format("\\u{:04x}", number) : fmt::format("\\U{:08x}", number);
}

void append_quoted(TextBuilder& builder, const OriginText& text) {
  const std::string& bytes = text.bytes();
  const bool has_single = bytes.find('\'') != std::string::npos;
  const char quote = has_single && bytes.find('"') == std::string::npos ? '"' : '\'';
  builder.append(std::string_view(&quote, 1), text.trusted());
  size_t plain = 0;
  for (size_t i = 0; i < bytes.size();) {
    const Character character = character_at(bytes, i);
    const std::string escape = escape_character(character.code_point, quote);
    if (!escape.empty()) {
      builder.append(text, plain, i - plain);
      builder.append(escape, text.trusted_at(i));
      plain = i + character.size;
    }
    i += character.size;
  }
  builder.append(text, plain, bytes.size() - plain);
  builder.append(std::string_view(&quote, 1), text.trusted());
}

Status append_items(Budget& budget, TextBuilder& builder, const Sequence& sequence, bool trusted) {
  for (size_t i = 0; i < sequence.items.size(); ++i) {
    if (i > 0) builder.append(", ", trusted);
    HEARTH_RETURN_IF_ERROR(append_repr(budget, builder, sequence.items[i]));
  }
  return {};
}

Status append_sequence(Budget& budget, TextBuilder& builder, const Value& value) {
  const Sequence& sequence = *value.sequence();
  const bool trusted = value.trusted();
  switch (sequence.kind) {
    case Sequence::Kind::kRange: {
      const auto [start, stop, step] = sequence.range;
      builder.append(
          step == 1 ? fmt::format("range({}, {})", start, stop) : fmt::format("range({}, {}, {})", start, stop, step),
          trusted);
      return {};
    }
    case Sequence::Kind::kIterator:
      return invalid_argument("a generator cannot be printed: make a list of it with the filter 'list'");
    case Sequence::Kind::kTuple:
      builder.append("(", trusted);
      HEARTH_RETURN_IF_ERROR(append_items(budget, builder, sequence, trusted));
      builder.append(sequence.items.size() == 1 ? ",)" : ")", trusted);
      return {};
    default:
      break;
  }
  const bool is_view = sequence.kind != Sequence::Kind::kList;
  builder.append(is_view ? fmt::format("{}([", value.type_name()) : "[", trusted);
  HEARTH_RETURN_IF_ERROR(append_items(budget, builder, sequence, trusted));
  builder.append(is_view ? "])" : "]", trusted);
  return {};
}

Status append_dictionary(Budget& budget, TextBuilder& builder, const Dictionary& dictionary, bool trusted) {
  builder.append("{", trusted);
  bool first = true;
  for (const auto& [key, item] : dictionary.entries) {
    if (!first) builder.append(", ", trusted);
    first = false;
    HEARTH_RETURN_IF_ERROR(append_repr(budget, builder, key));
    builder.append(": ", trusted);
    HEARTH_RETURN_IF_ERROR(append_repr(budget, builder, item));
  }
  builder.append("}", trusted);
  return {};
}

Status append_object(Budget& budget, TextBuilder& builder, const Value& value) {
  const Object* object = value.object();
  if (object && object->kind == Object::Kind::kMacro) {
    builder.append(fmt::format("<Macro '{}'>", static_cast<const MacroObject*>(object)->definition->name), true);
    return {};
  }
  if (!object || object->kind != Object::Kind::kNamespace) {
    return invalid_argument("a {} cannot be printed", value.type_name());
  }
  builder.append("<Namespace ", true);
  HEARTH_RETURN_IF_ERROR(
      append_dictionary(budget, builder, static_cast<const NamespaceObject*>(object)->attributes, true));
  builder.append(">", true);
  return {};
}

}  // namespace

std::string float_text(double number) {
  if (std::isnan(number)) return "nan";
  std::string text = fmt::format("{}", number);
  if (text.find_first_of(".einf") == std::string::npos) text += ".0";
  return text;
}

Status append_repr(Budget& budget, TextBuilder& builder, const Value& value) {
  Nesting nesting(budget);
  HEARTH_RETURN_IF_ERROR(nesting.enter());
  HEARTH_RETURN_IF_ERROR(builder.status());
  if (value.is_string()) {
    HEARTH_RETURN_IF_ERROR(budget.walk(value.text().size()));
    append_quoted(builder, value.text());
  } else if (value.is_undefined()) {
    builder.append("Undefined", value.trusted());
  } else if (value.is_none()) {
    builder.append("None", value.trusted());
  } else if (value.is_boolean()) {
    builder.append(value.integer() != 0 ? "True" : "False", value.trusted());
  } else if (value.is_integral()) {
    builder.append(fmt::format("{}", value.integer()), value.trusted());
  } else if (value.is_number()) {
    builder.append(float_text(value.number()), value.trusted());
  } else if (value.sequence()) {
    return append_sequence(budget, builder, value);
  } else if (const Dictionary* dictionary = value.dictionary()) {
    return append_dictionary(budget, builder, *dictionary, value.trusted());
  } else {
    return append_object(budget, builder, value);
  }
  return {};
}

Status append_str(Budget& budget, TextBuilder& builder, const Value& value) {
  if (value.is_undefined()) return {};
  if (!value.is_string()) return append_repr(budget, builder, value);
  builder.append(value.text());
  return builder.status();
}

Result<OriginText> to_text(Budget& budget, const Value& value) {
  TextBuilder builder(budget);
  HEARTH_RETURN_IF_ERROR(append_str(budget, builder, value));
  return builder.take();
}

}  // namespace hearth::jinja
