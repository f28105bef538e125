// The methods of strings that change or take apart text. Source: https://docs.python.org/3/library/stdtypes.html

#include <algorithm>

#include "base/errors.h"
#include "text/chat_template/characters.h"
#include "text/chat_template/formatting.h"
#include "text/chat_template/methods.h"
#include "text/chat_template/operators.h"
#include "text/chat_template/parameters.h"
#include "text/chat_template/text_functions.h"

namespace hearth::jinja {
namespace {

Result<Value> list_of(Runtime& runtime, Result<std::vector<Value>> items) {
  HEARTH_ASSIGN_OR_RETURN(std::vector<Value> parts, std::move(items));
  return make_sequence(runtime.budget, Sequence::Kind::kList, std::move(parts));
}

template <OriginText (*kMap)(const OriginText&)>
Result<Value> map_text(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("this method", arguments, {}).status());
  HEARTH_RETURN_IF_ERROR(runtime.budget.walk(self.text().size()));
  return make_text(runtime.budget, kMap(self.text()));
}

template <Side kSide>
Result<Value> strip_text(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("strip", arguments, {"chars"}));
  std::optional<OriginText> characters;
  if (parameters.has(0)) {
    HEARTH_ASSIGN_OR_RETURN(characters, parameters.text(0));
  }
  const size_t tries = characters ? characters->size() : 1;
  HEARTH_RETURN_IF_ERROR(runtime.budget.step(self.text().size() * tries / 16));
  return make_text(runtime.budget, strip(self.text(), characters, kSide));
}

template <bool kFromRight>
Result<Value> split_text(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("split", arguments, {"sep", "maxsplit"}));
  HEARTH_ASSIGN_OR_RETURN(const int64_t most, parameters.integer(1, -1));
  if (!parameters.has(0)) {
    return list_of(runtime, kFromRight ? split_words_from_right(runtime.budget, self.text(), most)
                                       : split_words(runtime.budget, self.text(), most));
  }
  HEARTH_ASSIGN_OR_RETURN(const OriginText separator, parameters.text(0));
  return list_of(runtime, kFromRight ? split_from_right(runtime.budget, self.text(), separator.bytes(), most)
                                     : split(runtime.budget, self.text(), separator.bytes(), most));
}

Result<Value> splitlines(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("splitlines", arguments, {"keepends"}));
  return list_of(runtime, split_lines(runtime.budget, self.text(), parameters.truth(0, false)));
}

Result<Value> replace_text(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters,
                          Parameters::bind("replace", arguments, {"old", "new", "count"}, 2));
  HEARTH_ASSIGN_OR_RETURN(const OriginText old, parameters.text(0));
  HEARTH_ASSIGN_OR_RETURN(const OriginText fresh, parameters.text(1));
  HEARTH_ASSIGN_OR_RETURN(const int64_t count, parameters.integer(2, -1));
  return replace(runtime.budget, self.text(), old, fresh, count);
}

Result<Value> join_items(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("join", arguments, {"iterable"}, 1));
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Value> items, iterate(runtime.budget, parameters.at(0)));
  return join(runtime.budget, self.text(), items, true);
}

template <Side kSide>
Result<Value> justify_text(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters,
                          Parameters::bind("a justification", arguments, {"width", "fillchar"}, 1));
  HEARTH_ASSIGN_OR_RETURN(const int64_t width, parameters.integer(0, 0));
  OriginText fill(" ", true);
  if (parameters.find(1)) {
    HEARTH_ASSIGN_OR_RETURN(fill, parameters.text(1));
  }
  return justify(runtime.budget, self.text(), width, fill, kSide);
}

Result<Value> zfill(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("zfill", arguments, {"width"}, 1));
  HEARTH_ASSIGN_OR_RETURN(const int64_t width, parameters.integer(0, 0));
  const OriginText& text = self.text();
  const bool has_sign = text.bytes().starts_with('-') || text.bytes().starts_with('+');
  const size_t sign = has_sign ? 1 : 0;
  HEARTH_ASSIGN_OR_RETURN(const Value digits,
                          justify(runtime.budget, text.part(sign, text.size() - sign),
                                  width - static_cast<int64_t>(sign), OriginText("0", true), Side::kRight));
  OriginText result = text.part(0, sign);
  result.append(digits.text());
  return make_text(runtime.budget, std::move(result));
}

template <bool kPrefix>
Result<Value> remove_affix(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("removing", arguments, {"affix"}, 1));
  HEARTH_ASSIGN_OR_RETURN(const OriginText affix, parameters.text(0));
  const OriginText& text = self.text();
  const bool has = kPrefix ? text.bytes().starts_with(affix.bytes()) : text.bytes().ends_with(affix.bytes());
  if (!has) return self;
  return make_text(runtime.budget, text.part(kPrefix ? affix.size() : 0, text.size() - affix.size()));
}

template <bool kFromRight>
Result<Value> partition(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_ASSIGN_OR_RETURN(const Parameters parameters, Parameters::bind("partition", arguments, {"sep"}, 1));
  HEARTH_ASSIGN_OR_RETURN(const OriginText separator, parameters.text(0));
  Budget& budget = runtime.budget;
  HEARTH_ASSIGN_OR_RETURN(std::vector<Value> parts, kFromRight
                                                        ? split_from_right(budget, self.text(), separator.bytes(), 1)
                                                        : split(budget, self.text(), separator.bytes(), 1));
  if (parts.size() == 2) {
    const OriginText found = self.text().part(parts[0].text().size(), separator.size());
    parts.insert(parts.begin() + 1, Value(std::make_shared<const OriginText>(found)));
  } else {
    parts.resize(3, make_text("", true));
    if (kFromRight) std::swap(parts[0], parts[2]);
  }
  return make_sequence(budget, Sequence::Kind::kTuple, std::move(parts));
}

Result<Value> swap_case(Runtime& runtime, const Value& self, const Arguments& arguments) {
  HEARTH_RETURN_IF_ERROR(Parameters::bind("swapcase", arguments, {}).status());
  HEARTH_RETURN_IF_ERROR(runtime.budget.walk(self.text().size()));
  OriginText result;
  const std::string& bytes = self.text().bytes();
  for (size_t i = 0; i < bytes.size();) {
    const Character character = character_at(bytes, i);
    std::string swapped;
    append_utf8(swapped,
                is_upper(character.code_point) ? to_lower(character.code_point) : to_upper(character.code_point));
    result.append(swapped, self.text().trusted_at(i));
    i += character.size;
  }
  return make_text(runtime.budget, std::move(result));
}

Result<Value> format_text(Runtime& runtime, const Value& self, const Arguments& arguments) {
  return format_braces(runtime, self.text(), arguments);
}

constexpr NamedFunction kMethods[] = {{"capitalize", map_text<capitalize>},
                                      {"center", justify_text<Side::kBoth>},
                                      {"casefold", map_text<lower>},
                                      {"format", format_text},
                                      {"join", join_items},
                                      {"ljust", justify_text<Side::kLeft>},
                                      {"lower", map_text<lower>},
                                      {"lstrip", strip_text<Side::kLeft>},
                                      {"partition", partition<false>},
                                      {"removeprefix", remove_affix<true>},
                                      {"removesuffix", remove_affix<false>},
                                      {"replace", replace_text},
                                      {"rjust", justify_text<Side::kRight>},
                                      {"rpartition", partition<true>},
                                      {"rsplit", split_text<true>},
                                      {"rstrip", strip_text<Side::kRight>},
                                      {"split", split_text<false>},
                                      {"splitlines", splitlines},
                                      {"strip", strip_text<Side::kBoth>},
                                      {"swapcase", swap_case},
                                      {"title", map_text<title>},
                                      {"upper", map_text<upper>},
                                      {"zfill", zfill}};

}  // namespace

Function find_string_method(std::string_view name) { return find_named(kMethods, name); }

}  // namespace hearth::jinja
