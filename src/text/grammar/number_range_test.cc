#include "text/grammar/number_range.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>

#include "base/errors.h"
#include "text/grammar/decimal.h"
#include "text/grammar/matcher.h"

namespace hearth {
namespace {

using Maker = Result<ExpressionId> (*)(Grammar&, const NumberRange&);

Result<GrammarMatcher> matcher_of(Maker make, const NumberRange& range) {
  Grammar grammar;
  const RuleId rule = grammar.add_rule("number");
  HEARTH_ASSIGN_OR_RETURN(const ExpressionId expression, make(grammar, range));
  if (grammar.is_nothing(expression)) return invalid_argument("nothing");
  grammar.define(rule, expression);
  return GrammarMatcher::create(grammar);
}

bool fits(GrammarMatcher matcher, const std::string& text) {
  return matcher.accept(text).ok() && matcher.is_complete();
}

TEST(NumberRange, HoldsExactlyTheIntegersBetween) {
  const std::pair<int, int> ranges[] = {{0, 0}, {-3, 5}, {7, 7}, {9, 11}, {-120, -9}, {99, 1234}, {-1, 1000}, {5, 123}};
  for (const auto& [least, most] : ranges) {
    const NumberRange range{.least = NumberBound{fmt::format("{}", least)},
                            .most = NumberBound{fmt::format("{}", most)}};
    const NumberRange open{.least = range.least};
    const Result<GrammarMatcher> both = matcher_of(integers_between, range);
    const Result<GrammarMatcher> above = matcher_of(integers_between, open);
    ASSERT_TRUE(both.ok() && above.ok());
    for (int value = -1500; value <= 1500; ++value) {
      const std::string text = fmt::format("{}", value);
      ASSERT_EQ(fits(*both, text), value >= least && value <= most) << text << " in " << least << ".." << most;
      ASSERT_EQ(fits(*above, text), value >= least) << text << " from " << least;
    }
  }
}

TEST(NumberRange, HoldsDecimalsBetween) {
  const struct {
    double least, most;
    bool least_exclusive, most_exclusive;
  } cases[] = {{0, 1, false, false},     {-1.5, 2.25, true, false},   {0.125, 0.5, false, true},
               {-20, -3.75, true, true}, {9.99, 10.01, false, false}, {-0.5, 0, false, true},
               {3, 3, false, false},     {0, 100, true, true}};
  std::mt19937_64 random(3);
  for (const auto& each : cases) {
    const NumberRange range{.least = NumberBound{fmt::format("{}", each.least), each.least_exclusive},
                            .most = NumberBound{fmt::format("{}", each.most), each.most_exclusive}};
    const Result<GrammarMatcher> matcher = matcher_of(decimals_between, range);
    ASSERT_TRUE(matcher.ok()) << matcher.status().message();
    for (int i = 0; i < 4000; ++i) {
      const double value = static_cast<double>(static_cast<int64_t>(random() % 6000) - 3000) / (i % 2 == 0 ? 1000 : 64);
      const std::string text = fmt::format("{}", value == 0 ? 0.0 : value);
      const bool above = each.least_exclusive ? value > each.least : value >= each.least;
      const bool below = each.most_exclusive ? value < each.most : value <= each.most;
      ASSERT_EQ(fits(*matcher, text), above && below) << text << " in " << each.least << ".." << each.most;
    }
  }
}

TEST(NumberRange, EmptyRangesHaveNoNumbers) {
  for (const Maker make : {integers_between, decimals_between}) {
    EXPECT_FALSE(matcher_of(make, {.least = NumberBound{"2"}, .most = NumberBound{"1"}}).ok());
    EXPECT_FALSE(matcher_of(make, {.least = NumberBound{"-1"}, .most = NumberBound{"-2"}}).ok());
    EXPECT_FALSE(matcher_of(make, {.least = NumberBound{"1", true}, .most = NumberBound{"1"}}).ok());
  }
  EXPECT_FALSE(matcher_of(integers_between, {.least = NumberBound{"0.2"}, .most = NumberBound{"0.8"}}).ok());
}

TEST(NumberRange, SaysWhichBoundsItCannotHold) {
  const NumberBound large{"1e30"};
  EXPECT_FALSE(matcher_of(integers_between, {.least = large}).ok());
  EXPECT_FALSE(matcher_of(decimals_between, {.most = large}).ok());
  EXPECT_FALSE(matcher_of(decimals_between, {.most = NumberBound{"0.30000000000000004", true}}).ok());
  EXPECT_TRUE(matcher_of(decimals_between, {.most = NumberBound{"0.30000000000000004"}}).ok());
}

TEST(Decimal, WritesExponentsOut) {
  const struct {
    const char* text;
    const char* whole;
    const char* fraction;
    bool negative;
  } cases[] = {{"0", "", "", false},       {"-0.0", "", "", false},      {"120", "120", "", false},
               {"-1.50", "1", "5", true},  {"1e3", "1000", "", false},   {"1.25e+1", "12", "5", false},
               {"5e-3", "", "005", false}, {"12.5E-1", "1", "25", false}};
  for (const auto& each : cases) {
    const std::optional<Decimal> decimal = parse_decimal(each.text);
    ASSERT_TRUE(decimal.has_value()) << each.text;
    EXPECT_EQ(decimal->whole, each.whole) << each.text;
    EXPECT_EQ(decimal->fraction, each.fraction) << each.text;
    EXPECT_EQ(decimal->negative, each.negative) << each.text;
  }
  EXPECT_FALSE(parse_decimal("1e300").has_value());
}

}  // namespace
}  // namespace hearth
