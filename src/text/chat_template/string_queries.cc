// The methods of strings that answer with a number or a boolean.

#include <algorithm>

#include "base/errors.h"
#include "text/chat_template/characters.h"
#include "text/chat_template/methods.h"
#include "text/chat_template/parameters.h"
#include "text/chat_template/text_search.h"

namespace hearth::jinja {
namespace {

/// A part of a text by indices of characters, as Python's start and end give it. Not valid when start is behind the
/// end.
struct Window {
  size_t begin;
  size_t end;
  bool valid;
};

Result<Window> window_of(Budget& budget, const Parameters& parameters, const std::string& text) {
  if (!parameters.has(1) && !parameters.has(2)) return Window{0, text.size(), true};
  HEARTH_RETURN_IF_ERROR(budget.walk(text.size()));
  const std::vector<size_t> offsets = character_offsets(text);
  const auto size = static_cast<int64_t>(offsets.size() - 1);
  HEARTH_ASSIGN_OR_RETURN(const int64_t start, parameters.integer(1, 0));
  HEARTH_ASSIGN_OR_RETURN(const int64_t stop, parameters.integer(2, size));
  const auto from = [&](int64_t index) { return index < 0 ? std::max<int64_t>(index + size, 0) : index; };
  const auto offset = [&](int64_t index) { return offsets[static_cast<size_t>(std::min(from(index), size))]; };
  return Window{offset(start), std::max(offset(stop), offset(start)), from(start) <= std::min(from(stop), size)};
}

template <bool kStart>
Result<Value> has_affix(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind(kStart ? "startswith" : "endswith", arguments,
                                                                        {"affix", "start", "end"}, 1));
  HEARTH_ASSIGN_OR_RETURN(const Window window, window_of(runtime.budget, parameters, self.text().bytes()));
  const std::string_view text = std::string_view(self.text().bytes()).substr(window.begin, window.end - window.begin);
  const Sequence* tuple = parameters.at(0).sequence();
  const bool is_tuple = tuple && tuple->kind == Sequence::Kind::kTuple;
  const std::vector<Value> affixes = is_tuple ? tuple->items : std::vector<Value>{parameters.at(0)};
  HEARTH_RETURN_IF_ERROR(runtime.budget.allocate(affixes.size() * sizeof(Value)));
  for (const Value& affix : affixes) {
    if (!affix.is_string())
      return invalid_argument("text begins and ends with strings, not with a {}", affix.type_name());
    const std::string& bytes = affix.text().bytes();
    HEARTH_RETURN_IF_ERROR(runtime.budget.step(bytes.size() / 128));
    if (window.valid && (kStart ? text.starts_with(bytes) : text.ends_with(bytes))) return Value(true);
  }
  return Value(false);
}

/// The index of a character that `find` and its like answer with, -1 when there is none.
template <bool kFromRight>
Result<int64_t> locate(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("find", arguments, {"sub", "start", "end"}, 1));
  HEARTH_ASSIGN_OR_RETURN(const OriginText wanted, parameters.text(0));
  const std::string& bytes = self.text().bytes();
  HEARTH_ASSIGN_OR_RETURN(const Window window, window_of(runtime.budget, parameters, bytes));
  if (!window.valid) return -1;
  const std::string_view text = std::string_view(bytes).substr(0, window.end);
  HEARTH_ASSIGN_OR_RETURN(const size_t found, kFromRight
                                                  ? find_last_text(runtime.budget, text, wanted.bytes(), window.end)
                                                  : find_text(runtime.budget, text, wanted.bytes(), window.begin));
  if (found == std::string_view::npos || found < window.begin) return -1;
  return static_cast<int64_t>(count_characters(text.substr(0, found)));
}

template <bool kFromRight>
Result<Value> find(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const int64_t index, locate<kFromRight>(runtime, self, arguments));
  return Value(index);
}

template <bool kFromRight>
Result<Value> index(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const int64_t index, locate<kFromRight>(runtime, self, arguments));
  if (index < 0) return invalid_argument("the text was not found");
  return Value(index);
}

Result<Value> count(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters,
                          Parameters::bind("count", arguments, {"sub", "start", "end"}, 1));
  HEARTH_ASSIGN_OR_RETURN(const OriginText wanted, parameters.text(0));
  const std::string& bytes = self.text().bytes();
  HEARTH_ASSIGN_OR_RETURN(const Window window, window_of(runtime.budget, parameters, bytes));
  if (!window.valid) return Value(int64_t{0});
  const std::string_view text = std::string_view(bytes).substr(0, window.end);
  if (wanted.empty()) return Value(static_cast<int64_t>(count_characters(text.substr(window.begin))) + 1);
  int64_t total = 0;
  for (size_t position = window.begin;; ++total) {
    HEARTH_ASSIGN_OR_RETURN(const size_t found, find_text(runtime.budget, text, wanted.bytes(), position));
    if (found == std::string_view::npos) return Value(total);
    position = found + wanted.size();
  }
}

bool is_alphanumeric(char32_t character) { return is_alphabetic(character) || is_numeric(character); }
bool is_ascii(char32_t character) { return character < 0x80; }

/// Whether all characters are so; of an empty text as `kEmpty` says.
template <bool (*kIs)(char32_t), bool kEmpty>
Result<Value> all_are(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("this method", arguments, {}).status());
  const std::string& bytes = self.text().bytes();
  HEARTH_RETURN_IF_ERROR(runtime.budget.walk(bytes.size()));
  for (size_t i = 0; i < bytes.size();) {
    const Character character = character_at(bytes, i);
    if (!kIs(character.code_point)) return Value(false);
    i += character.size;
  }
  return Value(bytes.empty() ? kEmpty : true);
}

/// Whether there are letters with a case, all of them of this one.
template <bool kUpper>
Result<Value> has_case(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("this method", arguments, {}).status());
  HEARTH_RETURN_IF_ERROR(runtime.budget.walk(self.text().size()));
  return Value(kUpper ? is_upper_text(self.text().bytes()) : is_lower_text(self.text().bytes()));
}

constexpr NamedFunction kMethods[] = {{"count", count},
                                      {"endswith", has_affix<false>},
                                      {"find", find<false>},
                                      {"index", index<false>},
                                      {"isalnum", all_are<is_alphanumeric, false>},
                                      {"isalpha", all_are<is_alphabetic, false>},
                                      {"isascii", all_are<is_ascii, true>},
                                      {"isdecimal", all_are<is_decimal, false>},
                                      {"isdigit", all_are<is_decimal, false>},
                                      {"islower", has_case<false>},
                                      {"isnumeric", all_are<is_numeric, false>},
                                      {"isprintable", all_are<is_printable, true>},
                                      {"isspace", all_are<is_space, false>},
                                      {"isupper", has_case<true>},
                                      {"rfind", find<true>},
                                      {"rindex", index<true>},
                                      {"startswith", has_affix<true>}};

}  // namespace

Function find_string_query(std::string_view name) { return find_named(kMethods, name); }

}  // namespace hearth::jinja
