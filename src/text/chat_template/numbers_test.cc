#include "text/chat_template/numbers.h"

#include <gtest/gtest.h>

#include <limits>

#include "text/chat_template/printing.h"

namespace hearth::jinja {
namespace {

TEST(Numbers, IntegersAreReadAsPythonReadsThem) {
  struct Case {
    std::string_view text;
    int64_t base;
    std::optional<int64_t> value;
  };
  constexpr Case kCases[] = {{"12", 10, 12},
                             {" -7\n", 10, -7},
                             {"+3", 10, 3},
                             {"1_000", 10, 1000},
                             {"_1", 10, std::nullopt},
                             {"1__0", 10, std::nullopt},
                             {"", 10, std::nullopt},
                             {"1.5", 10, std::nullopt},
                             {"--1", 10, std::nullopt},
                             {"ff", 16, 255},
                             {"0xff", 16, 255},
                             {"0x1f", 0, 31},
                             {"0b11", 0, 3},
                             {"012", 0, std::nullopt},
                             {"012", 10, 12},
                             {"9223372036854775807", 10, std::numeric_limits<int64_t>::max()},
                             {"9223372036854775808", 10, std::nullopt}};
  for (const Case& test : kCases) EXPECT_EQ(parse_integer(test.text, test.base), test.value) << test.text;
}

TEST(Numbers, FloatsAreReadAsPythonReadsThem) {
  EXPECT_EQ(parse_float(" 1.5 "), 1.5);
  EXPECT_EQ(parse_float("-1e3"), -1000.0);
  EXPECT_EQ(parse_float("inf"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(parse_float("1e999"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(parse_float("1e-999"), 0.0);
  EXPECT_EQ(parse_float("1,5"), std::nullopt);
  EXPECT_EQ(parse_float(""), std::nullopt);
  EXPECT_EQ(parse_float("+-1"), std::nullopt);
}

TEST(Numbers, RoundingGoesToEvenAndIsExact) {
  EXPECT_EQ(round_half_even(0.5, 0), 0.0);
  EXPECT_EQ(round_half_even(2.5, 0), 2.0);
  EXPECT_EQ(round_half_even(3.5, 0), 4.0);
  // 2.675 is a little less than that in binary.
  EXPECT_EQ(round_half_even(2.675, 2), 2.67);
  EXPECT_EQ(round_half_even(1234.5, -2), 1200.0);
}

TEST(Numbers, FloatsArePrintedAsPythonPrintsThem) {
  EXPECT_EQ(float_text(1), "1.0");
  EXPECT_EQ(float_text(0.1), "0.1");
  EXPECT_EQ(float_text(1e16), "1e+16");
  EXPECT_EQ(float_text(123456789012345680.0), "1.2345678901234568e+17");
  EXPECT_EQ(float_text(1e-5), "1e-05");
  EXPECT_EQ(float_text(-0.0), "-0.0");
  EXPECT_EQ(float_text(std::numeric_limits<double>::infinity()), "inf");
}

}  // namespace
}  // namespace hearth::jinja
