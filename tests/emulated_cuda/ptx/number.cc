#include "emulated_cuda/ptx/number.h"

#include <bit>
#include <charconv>
#include <cstdlib>
#include <string>

namespace hearth::ptx {
namespace {

bool parse_digits(std::string_view digits, int base, uint64_t& value) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  return error == std::errc() && end == digits.data() + digits.size() && !digits.empty();
}

// std::from_chars of doubles is missing from some standard libraries.
bool parse_decimal(std::string_view text, uint64_t& bits) {
  const std::string copy(text);
  char* end = nullptr;
  bits = std::bit_cast<uint64_t>(std::strtod(copy.c_str(), &end));
  return end == copy.c_str() + copy.size();
}

bool parse_unsigned(std::string_view text, Number& number) {
  const char mark = text.size() > 1 && text[0] == '0' ? text[1] : '\0';
  if (mark == 'f' || mark == 'F') {
    number.kind = Number::Kind::kFloat32;
    return text.size() == 10 && parse_digits(text.substr(2), 16, number.bits);
  }
  if (mark == 'd' || mark == 'D') {
    number.kind = Number::Kind::kFloat64;
    return text.size() == 18 && parse_digits(text.substr(2), 16, number.bits);
  }
  const bool hexadecimal = mark == 'x' || mark == 'X';
  if (!hexadecimal && text.find_first_of(".eE") != std::string_view::npos) {
    number.kind = Number::Kind::kFloat64;
    return parse_decimal(text, number.bits);
  }
  if (text.ends_with('U')) text.remove_suffix(1);
  if (hexadecimal) return parse_digits(text.substr(2), 16, number.bits);
  if (mark == 'b' || mark == 'B') return parse_digits(text.substr(2), 2, number.bits);
  return parse_digits(text, text.size() > 1 && text[0] == '0' ? 8 : 10, number.bits);
}

}  // namespace

Result<Number> parse_number(TokenCursor& cursor) {
  bool negative = false;
  while (cursor.at("-") || cursor.at("+")) negative ^= cursor.next().text == "-";
  if (cursor.peek().kind != TokenKind::kNumber) return cursor.unexpected("a number");
  const Token token = cursor.next();
  Number number;
  if (!parse_unsigned(token.text, number)) {
    return invalid_file("PTX line {}: '{}' is no number", token.line, token.text.substr(0, 80));
  }
  if (negative) {
    if (number.kind == Number::Kind::kInteger) number.bits = 0 - number.bits;
    if (number.kind == Number::Kind::kFloat32) number.bits ^= 0x8000'0000U;
    if (number.kind == Number::Kind::kFloat64) number.bits ^= 0x8000'0000'0000'0000U;
  }
  return number;
}

Result<uint64_t> parse_size(TokenCursor& cursor, uint64_t most) {
  const uint32_t line = cursor.line();
  HEARTH_ASSIGN_OR_RETURN(const Number number, parse_number(cursor));
  if (number.kind != Number::Kind::kInteger || number.bits > most) {
    return invalid_file("PTX line {}: a number from 0 to {} should be here", line, most);
  }
  return number.bits;
}

double value_of(const Number& number) {
  switch (number.kind) {
    case Number::Kind::kFloat32:
      return std::bit_cast<float>(static_cast<uint32_t>(number.bits));
    case Number::Kind::kFloat64:
      return std::bit_cast<double>(number.bits);
    case Number::Kind::kInteger:
      break;
  }
  return static_cast<double>(static_cast<int64_t>(number.bits));
}

}  // namespace hearth::ptx
