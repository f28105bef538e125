#include "text/grammar/regex_escapes.h"
#include "text/utf8.h"

#include <optional>
#include <string_view>

#include "base/errors.h"

namespace hearth {
namespace {

const CodePointSet& digits() {
  static const CodePointSet set{{U'0', U'9'}};
  return set;
}

const CodePointSet& word_characters() {
  static const CodePointSet set{{U'0', U'9'}, {U'A', U'Z'}, {U'a', U'z'}, {U'_', U'_'}};
  return set;
}

/// White space to every program that checks patterns.
const CodePointSet& certain_space() {
  static const CodePointSet set{{0x9, 0xD}, {0x20, 0x20}};
  return set;
}

/// ECMAScript's white space and line ends.
const CodePointSet& white_space() {
  static const CodePointSet set{{0x9, 0xD},       {0x20, 0x20},     {0xA0, 0xA0},     {0x1680, 0x1680},
                                {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F},
                                {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
  return set;
}

std::optional<CodePointSet> class_escape(char32_t c) {
  switch (c) {
    case U'd':
      return digits();
    case U'D':
      return digits().complement();
    case U'w':
      return word_characters();
    case U'W':
      return word_characters().complement();
    case U's':
      return certain_space();
    case U'S':
      return white_space().complement();
    default:
      return std::nullopt;
  }
}

std::optional<char32_t> control_escape(char32_t c) {
  switch (c) {
    case U't':
      return U'\t';
    case U'n':
      return U'\n';
    case U'v':
      return U'\v';
    case U'f':
      return U'\f';
    case U'r':
      return U'\r';
    case U'0':
      return U'\0';
    default:
      return std::nullopt;
  }
}

constexpr bool is_high_surrogate(char32_t c) { return c >= 0xD800 && c <= 0xDBFF; }
constexpr bool is_low_surrogate(char32_t c) { return c >= 0xDC00 && c <= 0xDFFF; }

/// What follows "\u": four digits, two such for a pair of surrogates, or digits in braces.
std::optional<char32_t> unicode_escape(TextCursor& cursor) {
  if (cursor.take_if(U'{')) {
    size_t length = 0;
    while (length < 8 && cursor.peek(length) != U'}' && cursor.peek(length) != U'\0') ++length;
    const std::optional<char32_t> value = cursor.take_hexadecimal(length);
    return length > 0 && cursor.take_if(U'}') ? value : std::nullopt;
  }
  const std::optional<char32_t> first = cursor.take_hexadecimal(4);
  if (!first || !is_high_surrogate(*first) || !cursor.take_if(U"\\u")) return first;
  const std::optional<char32_t> second = cursor.take_hexadecimal(4);
  if (!second || !is_low_surrogate(*second)) return std::nullopt;
  return 0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00);
}

}  // namespace

Status regex_error(const TextCursor& cursor, const std::string& message) {
  return invalid_argument("regular expression: character {}: {}", cursor.position(), message);
}

CodePointSet regex_any_character() {
  return CodePointSet{{U'\n', U'\n'}, {U'\r', U'\r'}, {0x2028, 0x2029}}.complement();
}

Result<CodePointSet> parse_regex_escape(TextCursor& cursor, bool in_class) {
  if (cursor.at_end()) return regex_error(cursor, "nothing follows '\\'");
  const char32_t c = cursor.take();
  if (std::optional<CodePointSet> set = class_escape(c)) return *std::move(set);
  const bool digit_follows = cursor.peek() >= U'0' && cursor.peek() <= U'9';
  if (c == U'0' && digit_follows) return regex_error(cursor, "octal numbers are not supported");
  if (const std::optional<char32_t> control = control_escape(c)) return CodePointSet::of(*control);
  if (c == U'x' || c == U'u') {
    const std::optional<char32_t> value = c == U'x' ? cursor.take_hexadecimal(2) : unicode_escape(cursor);
    if (!value || !CodePointSet::all().contains(*value)) return regex_error(cursor, "the digits are of no character");
    return CodePointSet::of(*value);
  }
  if (c == U'b' && in_class) return CodePointSet::of(U'\b');
  if (std::u32string_view(U"^$\\.*+?()[]{}|/-\"'_ @#%&,:;<=>!~`").find(c) != std::u32string_view::npos) {
    return CodePointSet::of(c);
  }
  std::string name;
  append_utf8(name, c);
  return regex_error(cursor, fmt::format("'\\{}' is not supported", name));
}

}  // namespace hearth
