#include "text/chat_template/clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/errors.h"

namespace hearth::jinja {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"January",   "February", "March",    "April",
                                                      "May",       "June",     "July",     "August",
                                                      "September", "October",  "November", "December"};

std::string_view name_of(std::span<const std::string_view> names, int index) {
  return index >= 0 && static_cast<size_t>(index) < names.size() ? names[static_cast<size_t>(index)] : "?";
}

Result<std::string> directive(char letter, const std::tm& time) {
  const int hour12 = time.tm_hour % 12 == 0 ? 12 : time.tm_hour % 12;
  switch (letter) {
    case 'a':
      return std::string(name_of(kDays, time.tm_wday).substr(0, 3));
    case 'A':
      return std::string(name_of(kDays, time.tm_wday));
    case 'b':
    case 'h':
      return std::string(name_of(kMonths, time.tm_mon).substr(0, 3));
    case 'B':
      return std::string(name_of(kMonths, time.tm_mon));
    case 'c':
      return format_time("%a %b %e %H:%M:%S %Y", time);
    case 'd':
      return fmt::format("{:02}", time.tm_mday);
    case 'D':
    case 'x':
      return format_time("%m/%d/%y", time);
    case 'e':
      return fmt::format("{:2}", time.tm_mday);
    case 'f':
      return std::string("000000");
    case 'F':
      return format_time("%Y-%m-%d", time);
    case 'H':
      return fmt::format("{:02}", time.tm_hour);
    case 'I':
      return fmt::format("{:02}", hour12);
    case 'j':
      return fmt::format("{:03}", time.tm_yday + 1);
    case 'm':
      return fmt::format("{:02}", time.tm_mon + 1);
    case 'M':
      return fmt::format("{:02}", time.tm_min);
    case 'n':
      return std::string("\n");
    case 'p':
      return std::string(time.tm_hour < 12 ? "AM" : "PM");
    case 'S':
      return fmt::format("{:02}", time.tm_sec);
    case 't':
      return std::string("\t");
    case 'T':
    case 'X':
      return format_time("%H:%M:%S", time);
    case 'u':
      return fmt::format("{}", time.tm_wday == 0 ? 7 : time.tm_wday);
    case 'w':
      return fmt::format("{}", time.tm_wday);
    case 'y':
      return fmt::format("{:02}", time.tm_year % 100);
    case 'Y':
      return fmt::format("{}", time.tm_year + 1900);
    case 'z':
    case 'Z':
      return std::string();
    case '%':
      return std::string("%");
    default:
      return invalid_argument("strftime_now does not know '%{}'", letter);
  }
}

}  // namespace

Result<std::string> format_time(std::string_view format, const std::tm& time) {
  std::string text;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      text += format[i];
      continue;
    }
    // Without padding: %-d.
    const bool bare = i + 1 < format.size() && format[i + 1] == '-';
    i += bare ? 2 : 1;
    if (i >= format.size()) return invalid_argument("the format of strftime_now ends in the middle of a directive");
    HEARTH_ASSIGN_OR_RETURN(std::string part, directive(format[i], time));
    if (bare && !part.empty()) part.erase(0, std::min(part.find_first_not_of("0 "), part.size() - 1));
    text += part;
  }
  return text;
}

}  // namespace hearth::jinja
