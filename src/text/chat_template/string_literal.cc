#include <fmt/format.h>

#include <array>
#include <charconv>
#include <string>
#include <utility>

#include "base/errors.h"
#include "text/chat_template/characters.h"
#include "text/chat_template/lexer.h"

namespace hearth::jinja {
namespace {

constexpr std::array<std::pair<char, std::string_view>, 11> kSimple{{{'\n', ""},
                                                                     {'\\', "\\"},
                                                                     {'\'', "'"},
                                                                     {'"', "\""},
                                                                     {'a', "\a"},
                                                                     {'b', "\b"},
                                                                     {'f', "\f"},
                                                                     {'n', "\n"},
                                                                     {'r', "\r"},
                                                                     {'t', "\t"},
                                                                     {'v', "\v"}}};

const std::string_view* simple_escape(char letter) {
  for (const auto& [name, value] : kSimple) {
    if (name == letter) return &value;
  }
  return nullptr;
}

size_t hexadecimal_digits(char letter) { return letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0; }

/// The number of `digits` at the front of `literal`, which is shortened by them.
Result<char32_t> take_number(std::string_view& literal, size_t digits, int base, Position position) {
  uint32_t number = 0;
  const std::string_view text = literal.substr(0, digits);
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (failure != std::errc() || end != text.data() + digits) {
    return syntax_error(position, "the escape in the string has too few digits");
  }
  if (number > 0x10FFFF || (number >= 0xD800 && number < 0xE000)) {
    return syntax_error(position, "the escape in the string is not a character");
  }
  literal.remove_prefix(digits);
  return static_cast<char32_t>(number);
}

size_t octal_digits(std::string_view literal) {
  size_t count = 0;
  while (count < 3 && count < literal.size() && literal[count] >= '0' && literal[count] <= '7') ++count;
  return count;
}

/// Appends what the escape at the front of `literal`, behind its backslash, stands for.
Status append_escape(std::string& value, std::string_view& literal, Position position) {
  const char letter = literal.front();
  if (const std::string_view* simple = simple_escape(letter)) {
    value += *simple;
    literal.remove_prefix(1);
    return {};
  }
  if (letter == 'N')
    return syntax_error(position, "characters by name (\\N) are not supported: write \\u and a number");
  size_t digits = octal_digits(literal);
  int base = 8;
  if (digits == 0 && hexadecimal_digits(letter) > 0) {
    literal.remove_prefix(1);
    digits = hexadecimal_digits(letter);
    base = 16;
  }
  if (digits == 0) {
    value += '\\';
    return {};
  }
  HEARTH_ASSIGN_OR_RETURN(const char32_t character, take_number(literal, digits, base, position));
  append_utf8(value, character);
  return {};
}

}  // namespace

Result<std::string> unescape(std::string_view literal, Position position) {
  std::string value;
  while (!literal.empty()) {
    const size_t plain = std::min(literal.find('\\'), literal.size());
    value += literal.substr(0, plain);
    literal.remove_prefix(plain);
    if (literal.empty()) break;
    literal.remove_prefix(1);
    HEARTH_RETURN_IF_ERROR(append_escape(value, literal, position));
  }
  return value;
}

}  // namespace hearth::jinja
