#include "text/grammar/text_formats.h"

#include <fmt/format.h>

namespace hearth {
namespace {

/// RFC 3339's full-date, years 1 to 9999, 29 February in leap years only (Gregorian).
std::string date() {
  const std::string year = "(?:000[1-9]|00[1-9]\\d|0[1-9]\\d\\d|[1-9]\\d{3})";
  const std::string leap = "(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)";
  const std::string days = "(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)";
  return fmt::format("(?:{}-(?:{}|02-(?:0[1-9]|1\\d|2[0-8]))|{}-02-29)", year, days, leap);
}

/// RFC 3339's full-time without leap seconds.
std::string time() {
  return "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,6})?(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)";
}

std::string ipv4() {
  const std::string byte = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
  return fmt::format("{}(?:\\.{}){{3}}", byte, byte);
}

/// Eight groups, or two sides of "::" with seven groups at most (RFC 4291, section 2.2).
std::string ipv6() {
  const std::string group = "[0-9a-fA-F]{1,4}";
  std::string result = fmt::format("(?:{}:){{7}}{}|::(?:{}(?::{}){{0,6}})?", group, group, group, group);
  for (int left = 1; left <= 7; ++left) {
    const std::string before = fmt::format("{}(?::{}){{{}}}::", group, group, left - 1);
    result += left == 7 ? '|' + before : fmt::format("|{}(?:{}(?::{}){{0,{}}})?", before, group, group, 6 - left);
  }
  return "(?:" + result + ")";
}

/// Labels of RFC 1123, few or short enough for 253 characters in all.
std::string hostname() {
  const auto labels = [](int inner, int more) {
    const std::string label = fmt::format("[a-zA-Z0-9](?:[a-zA-Z0-9-]{{0,{}}}[a-zA-Z0-9])?", inner);
    return fmt::format("{}(?:\\.{}){{0,{}}}", label, label, more);
  };
  return fmt::format("(?:{}|{})", labels(60, 3), labels(28, 7));
}

std::string email() {
  const std::string atom = "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]{1,30}";
  const std::string label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?";
  return fmt::format("{}(?:\\.{})?@{}(?:\\.{}){{1,4}}", atom, atom, label, label);
}

/// RFC 3986, section 3.
std::string uri() {
  const std::string unreserved = "-a-zA-Z0-9._~!$&'()*+,;=";
  const std::string escaped = "%[0-9a-fA-F]{2}";
  const std::string path_character = fmt::format("(?:[{}:@]|{})", unreserved, escaped);
  const std::string authority =
      fmt::format("(?:(?:[{}:]|{})*@)?(?:[{}]|{})*(?::\\d*)?", unreserved, escaped, unreserved, escaped);
  const std::string path = fmt::format("(?:/{}*)*", path_character);
  const std::string hierarchy =
      fmt::format("(?://{}{}|/(?:{}+{})?|{}+{})?", authority, path, path_character, path, path_character, path);
  const std::string rest = fmt::format("(?:[{}:@/?]|{})*", unreserved, escaped);
  return fmt::format("[a-zA-Z][a-zA-Z0-9+.-]*:{}(?:\\?{})?(?:#{})?", hierarchy, rest, rest);
}

}  // namespace

std::optional<std::string> regex_of_format(std::string_view format) {
  if (format == "date") return date();
  if (format == "time") return time();
  if (format == "date-time") return date() + "T" + time();
  if (format == "uuid") return "[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}";
  if (format == "email") return email();
  if (format == "ipv4") return ipv4();
  if (format == "ipv6") return ipv6();
  if (format == "hostname") return hostname();
  if (format == "uri") return uri();
  return std::nullopt;
}

}  // namespace hearth
