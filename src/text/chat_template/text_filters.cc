// Filters that make text. Source: https://jinja.palletsprojects.com/en/stable/templates/#list-of-builtin-filters

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "text/chat_template/access.h"
#include "text/chat_template/characters.h"
#include "text/chat_template/formatting.h"
#include "text/chat_template/methods.h"
#include "text/chat_template/operators.h"
#include "text/chat_template/parameters.h"
#include "text/chat_template/printing.h"
#include "text/chat_template/text_functions.h"

namespace hearth::jinja {
namespace {

template <OriginText (*kMap)(const OriginText&)>
Result<Value> map_text(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("this filter", arguments, {}).status());
  HEARTH_ASSIGN_OR_RETURN(const OriginText text, to_text(runtime.budget, input));
  HEARTH_RETURN_IF_ERROR(runtime.budget.walk(text.size()));
  return make_text(runtime.budget, kMap(text));
}

OriginText same(const OriginText& text) { return text; }

/// Jinja's own title(): words begin after white space, hyphens and opening brackets.
OriginText filter_title(const OriginText& text) {
  OriginText result;
  bool at_start = true;
  const std::string& bytes = text.bytes();
  for (size_t i = 0; i < bytes.size();) {
    const Character character = character_at(bytes, i);
    std::string mapped;
    append_utf8(mapped, at_start ? to_upper(character.code_point) : to_lower(character.code_point));
    result.append(mapped, text.trusted_at(i));
    at_start = is_space(character.code_point) ||
               std::u32string_view(U"-({[<").find(character.code_point) != std::u32string_view::npos;
    i += character.size;
  }
  return result;
}

OriginText escape_html(const OriginText& text) {
  OriginText result;
  const std::string& bytes = text.bytes();
  for (size_t i = 0; i < bytes.size(); ++i) {
    const bool trusted = text.trusted_at(i);
    switch (bytes[i]) {
      case '&':
        result.append("&amp;", trusted);
        break;
      case '<':
        result.append("&lt;", trusted);
        break;
      case '>':
        result.append("&gt;", trusted);
        break;
      case '\'':
        result.append("&#39;", trusted);
        break;
      case '"':
        result.append("&#34;", trusted);
        break;
      default:
        result.append(std::string_view(bytes).substr(i, 1), trusted);
    }
  }
  return result;
}

Result<Value> trim(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("trim", arguments, {"chars"}));
  HEARTH_ASSIGN_OR_RETURN(const OriginText text, to_text(runtime.budget, input));
  std::optional<OriginText> characters;
  if (parameters.has(0)) {
    HEARTH_ASSIGN_OR_RETURN(characters, parameters.text(0));
  }
  HEARTH_RETURN_IF_ERROR(runtime.budget.step(text.size() * (characters ? characters->size() : 1) / 16));
  return make_text(runtime.budget, strip(text, characters, Side::kBoth));
}

Result<Value> replace_filter(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters,
                          Parameters::bind("replace", arguments, {"old", "new", "count"}, 2));
  HEARTH_ASSIGN_OR_RETURN(const OriginText text, to_text(runtime.budget, input));
  HEARTH_ASSIGN_OR_RETURN(const OriginText old, to_text(runtime.budget, parameters.at(0)));
  HEARTH_ASSIGN_OR_RETURN(const OriginText fresh, to_text(runtime.budget, parameters.at(1)));
  HEARTH_ASSIGN_OR_RETURN(const int64_t count, parameters.integer(2, -1));
  return replace(runtime.budget, text, old, fresh, count);
}

Result<Value> center(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("center", arguments, {"width"}));
  HEARTH_ASSIGN_OR_RETURN(const OriginText text, to_text(runtime.budget, input));
  HEARTH_ASSIGN_OR_RETURN(const int64_t width, parameters.integer(0, 80));
  return justify(runtime.budget, text, width, OriginText(" ", true), Side::kBoth);
}

Result<OriginText> indentation(Budget& budget, const Parameters& parameters, size_t index, int64_t fallback) {
  if (parameters.find(index) && parameters.at(index).is_string()) return parameters.at(index).text();
  HEARTH_ASSIGN_OR_RETURN(const int64_t width, parameters.integer(index, fallback));
  const uint64_t size = width > 0 ? static_cast<uint64_t>(width) : 0;
  HEARTH_RETURN_IF_ERROR(budget.allocate(size));
  return OriginText(std::string(size, ' '), true);
}

Result<Value> indent(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters,
                          Parameters::bind("indent", arguments, {"width", "first", "blank"}));
  if (!input.is_string()) return invalid_argument("indent needs a string, not a {}", input.type_name());
  HEARTH_ASSIGN_OR_RETURN(const OriginText margin, indentation(runtime.budget, parameters, 0, 4));
  OriginText text = input.text();
  text.append("\n", true);
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Value> lines, split_lines(runtime.budget, text, false));
  TextBuilder builder(runtime.budget);
  if (parameters.truth(1, false)) builder.append(margin);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) builder.append("\n", true);
    if (i > 0 && (parameters.truth(2, false) || !lines[i].text().empty())) builder.append(margin);
    builder.append(lines[i].text());
  }
  return builder.finish();
}

Result<Value> truncate(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters,
                          Parameters::bind("truncate", arguments, {"length", "killwords", "end", "leeway"}));
  HEARTH_ASSIGN_OR_RETURN(const int64_t size, length(runtime.budget, input));
  HEARTH_ASSIGN_OR_RETURN(const int64_t most, parameters.integer(0, 255));
  HEARTH_ASSIGN_OR_RETURN(const int64_t leeway, parameters.integer(3, 5));
  OriginText end("...", true);
  if (parameters.find(2)) {
    HEARTH_ASSIGN_OR_RETURN(end, parameters.text(2));
  }
  const auto end_size = static_cast<int64_t>(count_characters(end.bytes()));
  if (most < end_size || leeway < 0) return invalid_argument("truncate cannot be so short");
  if (size <= leeway || size - leeway <= most) return input;
  if (!input.is_string()) return invalid_argument("truncate needs a string, not a {}", input.type_name());
  const OriginText& text = input.text();
  HEARTH_RETURN_IF_ERROR(runtime.budget.walk(text.size()));
  const std::vector<size_t> offsets = character_offsets(text.bytes());
  size_t keep = offsets[static_cast<size_t>(most - end_size)];
  if (!parameters.truth(1, false)) {
    const size_t space = std::string_view(text.bytes()).substr(0, keep).rfind(' ');
    if (space != std::string_view::npos) keep = space;
  }
  OriginText result = text.part(0, keep);
  result.append(end);
  return make_text(runtime.budget, std::move(result));
}

Result<Value> format_filter(Runtime& runtime, const Value& input, const Arguments& arguments) {
  if (!arguments.named.empty() && !arguments.positional.empty()) {
    return invalid_argument("format takes values by position or by name, not both");
  }
  HEARTH_ASSIGN_OR_RETURN(const OriginText text, to_text(runtime.budget, input));
  if (arguments.named.empty()) {
    HEARTH_ASSIGN_OR_RETURN(const Value values,
                            make_sequence(runtime.budget, Sequence::Kind::kTuple, arguments.positional));
    return format_percent(runtime.budget, text, values);
  }
  Dictionary names;
  for (const auto& [name, value] : arguments.named) names.set(string_key(name), make_text(name, true), value);
  HEARTH_ASSIGN_OR_RETURN(const Value values, make_dictionary(runtime.budget, std::move(names)));
  return format_percent(runtime.budget, text, values);
}

Result<Value> join_filter(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("join", arguments, {"d", "attribute"}));
  OriginText separator;
  if (parameters.find(0)) {
    HEARTH_ASSIGN_OR_RETURN(separator, to_text(runtime.budget, parameters.at(0)));
  }
  HEARTH_ASSIGN_OR_RETURN(std::vector<Value> items, iterate(runtime.budget, input));
  if (parameters.has(1)) {
    for (Value& item : items) {
      HEARTH_ASSIGN_OR_RETURN(item, follow_path(runtime, item, parameters.at(1)));
    }
  }
  return join(runtime.budget, separator, items, false);
}

Result<Value> tojson(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters,
                          Parameters::bind("tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"}));
  JsonLayout layout;
  layout.ascii = parameters.truth(0, false);
  layout.sort_keys = parameters.truth(3, false);
  layout.multiline = parameters.has(1);
  if (layout.multiline) {
    HEARTH_ASSIGN_OR_RETURN(layout.indent, indentation(runtime.budget, parameters, 1, 0));
  }
  layout.item_separator = OriginText(layout.multiline ? "," : ", ", true);
  layout.key_separator = OriginText(": ", true);
  if (parameters.has(2)) {
    HEARTH_ASSIGN_OR_RETURN(const std::vector<Value> separators, iterate(runtime.budget, parameters.at(2)));
    if (separators.size() != 2 || !separators[0].is_string() || !separators[1].is_string()) {
      return invalid_argument("tojson: 'separators' must be two strings");
    }
    layout.item_separator = separators[0].text();
    layout.key_separator = separators[1].text();
  }
  return to_json(runtime.budget, input, layout);
}

OriginText quote_url(const OriginText& text, std::string_view safe, bool plus_for_space) {
  OriginText result;
  for (size_t i = 0; i < text.size(); ++i) {
    const char byte = text.bytes()[i];
    const bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
    const bool trusted = text.trusted_at(i);
    if (is_letter || std::string_view("_.-~").find(byte) != std::string_view::npos ||
        safe.find(byte) != std::string_view::npos) {
      result.append(std::string_view(&byte, 1), trusted);
    } else if (byte == ' ' && plus_for_space) {
      result.append("+", trusted);
    } else {
      result.append(fmt::format("%{:02X}", static_cast<unsigned char>(byte)), trusted);
    }
  }
  return result;
}

Result<Value> urlencode(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("urlencode", arguments, {}).status());
  Budget& budget = runtime.budget;
  if (!input.is_dictionary() && !input.sequence()) {
    HEARTH_ASSIGN_OR_RETURN(const OriginText text, to_text(budget, input));
    HEARTH_RETURN_IF_ERROR(budget.walk(text.size()));
    return make_text(budget, quote_url(text, "/", false));
  }
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Value> pairs,
                          input.is_dictionary() ? dictionary_items(budget, input) : iterate(budget, input));
  OriginText result;
  for (const Value& pair : pairs) {
    HEARTH_ASSIGN_OR_RETURN(const std::vector<Value> parts, iterate(budget, pair));
    if (parts.size() != 2) return invalid_argument("urlencode needs pairs of name and value");
    if (!result.empty()) result.append("&", true);
    HEARTH_ASSIGN_OR_RETURN(const OriginText name, to_text(budget, parts[0]));
    HEARTH_ASSIGN_OR_RETURN(const OriginText value, to_text(budget, parts[1]));
    HEARTH_RETURN_IF_ERROR(budget.walk(name.size() + value.size()));
    result.append(quote_url(name, "", true));
    result.append("=", true);
    result.append(quote_url(value, "", true));
  }
  return make_text(budget, std::move(result));
}

bool is_word_part(char32_t character) { return character == U'_' || is_alphabetic(character) || is_numeric(character); }

Result<Value> wordcount(Runtime& runtime, const Value& input, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("wordcount", arguments, {}).status());
  HEARTH_ASSIGN_OR_RETURN(const OriginText text, to_text(runtime.budget, input));
  HEARTH_RETURN_IF_ERROR(runtime.budget.walk(text.size()));
  int64_t words = 0;
  bool in_word = false;
  for (size_t i = 0; i < text.size();) {
    const Character character = character_at(text.bytes(), i);
    const bool is_part = is_word_part(character.code_point);
    words += is_part && !in_word ? 1 : 0;
    in_word = is_part;
    i += character.size;
  }
  return Value(words, text.trusted());
}

constexpr NamedFunction kFilters[] = {{"capitalize", map_text<capitalize>},
                                      {"center", center},
                                      {"e", map_text<escape_html>},
                                      {"escape", map_text<escape_html>},
                                      {"forceescape", map_text<escape_html>},
                                      {"format", format_filter},
                                      {"indent", indent},
                                      {"join", join_filter},
                                      {"lower", map_text<lower>},
                                      {"replace", replace_filter},
                                      {"safe", map_text<same>},
                                      {"string", map_text<same>},
                                      {"title", map_text<filter_title>},
                                      {"tojson", tojson},
                                      {"trim", trim},
                                      {"truncate", truncate},
                                      {"upper", map_text<upper>},
                                      {"urlencode", urlencode},
                                      {"wordcount", wordcount}};

}  // namespace

Function find_text_filter(std::string_view name) { return find_named(kFilters, name); }

}  // namespace hearth::jinja
