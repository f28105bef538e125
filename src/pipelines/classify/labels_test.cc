#include "pipelines/classify/labels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace hearth {
namespace {

using Ranking = std::vector<std::vector<Classification>>;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

Result<Ranking> rank(std::vector<float> logits, const std::vector<std::string>& labels, size_t top) {
  const int64_t shape[] = {1, static_cast<int64_t>(logits.size())};
  const Result<Tensor> tensor = Tensor::borrow(DType::kFloat32, shape, logits.data());
  return rank_rows(*tensor, 1, labels, top);
}

TEST(Labels, ReadsAnArrayOfStrings) {
  EXPECT_EQ(*parse_labels(R"(["cat", "gr\u00fcn", ""])"), (std::vector<std::string>{"cat", "gr\u00fcn", ""}));
  EXPECT_TRUE(parse_labels("[]")->empty());
}

TEST(Labels, SaysWhatIsWrong) {
  struct Case {
    std::string_view json;
    std::string_view message;
  };
  constexpr Case kCases[] = {{"", "the labels are not a JSON array"},
                             {R"({"0": "cat"})", "the labels are not a JSON array"},
                             {R"(["cat")", "the labels are not a JSON array"},
                             {R"(["cat", 1])", "label 1 is not a string"},
                             {R"([null])", "label 0 is not a string"}};
  for (const Case& test : kCases) {
    const auto labels = parse_labels(test.json);
    ASSERT_FALSE(labels.ok()) << test.json;
    EXPECT_EQ(labels.status().code(), StatusCode::kInvalidFile);
    EXPECT_EQ(labels.status().message(), test.message) << test.json;
  }
}

TEST(RankRows, OrdersByProbabilityThenByNumber) {
  struct Case {
    std::vector<float> logits;
    size_t top;
    std::vector<int64_t> order;
  };
  const Case cases[] = {{{1, 3, 2}, 3, {1, 2, 0}},
                        {{1, 3, 2}, 2, {1, 2}},
                        {{1, 3, 2}, 9, {1, 2, 0}},
                        {{1, 3, 2}, 0, {}},
                        {{5}, 1, {0}},
                        {{2, 7, 2, 7, 2}, 5, {1, 3, 0, 2, 4}},
                        {{0, 0, 0, 0}, 2, {0, 1}},
                        {{-0.0F, 0.0F}, 2, {0, 1}},
                        {{-kInfinity, 4, -kInfinity}, 3, {1, 0, 2}}};
  for (const Case& test : cases) {
    const auto ranked = rank(test.logits, {}, test.top);
    ASSERT_TRUE(ranked.ok()) << ranked.status().message();
    std::vector<int64_t> order;
    for (const Classification& classification : ranked->front()) order.push_back(classification.index);
    EXPECT_EQ(order, test.order) << ::testing::PrintToString(test.logits);
  }
}

TEST(RankRows, TurnsLogitsIntoProbabilities) {
  struct Case {
    std::vector<float> logits;
    std::vector<double> probabilities;  ///< In order of rank.
  };
  const Case cases[] = {{{0, 0}, {0.5, 0.5}},
                        {{std::log(1.0F), std::log(3.0F)}, {0.75, 0.25}},
                        {{1000, 1000 + std::log(3.0F)}, {0.75, 0.25}},
                        {{-1000, -1000}, {0.5, 0.5}},
                        {{3e38F, -3e38F}, {1, 0}},
                        {{-kInfinity, 2}, {1, 0}}};
  for (const Case& test : cases) {
    const auto ranked = rank(test.logits, {}, test.logits.size());
    ASSERT_TRUE(ranked.ok()) << ranked.status().message();
    for (size_t i = 0; i < test.probabilities.size(); ++i) {
      EXPECT_NEAR(ranked->front()[i].probability, test.probabilities[i], 1e-4)
          << ::testing::PrintToString(test.logits) << ", rank " << i;
    }
  }
}

TEST(RankRows, RefusesAnswersWithoutALargestNumber) {
  const std::vector<float> cases[] = {{kNan, 1}, {1, kNan}, {kInfinity, 1}, {-kInfinity, -kInfinity}};
  for (const std::vector<float>& logits : cases) {
    const auto ranked = rank(logits, {}, 1);
    ASSERT_FALSE(ranked.ok()) << ::testing::PrintToString(logits);
    EXPECT_EQ(ranked.status().code(), StatusCode::kFailed);
    EXPECT_EQ(ranked.status().message(), "the model answered with numbers that are none (NaN or infinite)");
  }
}

TEST(RankRows, CallsClassesWithoutALabelByTheirNumber) {
  const std::vector<float> logits{1, 2, 3};
  struct Case {
    std::vector<std::string> labels;
    std::vector<std::string> names;  ///< In order of rank.
  };
  const Case cases[] = {{{"a", "b", "c"}, {"c", "b", "a"}},
                        {{}, {"2", "1", "0"}},
                        {{"a"}, {"2", "1", "a"}},
                        {{"a", "b", "c", "too many"}, {"c", "b", "a"}}};
  for (const Case& test : cases) {
    const auto ranked = rank(logits, test.labels, 3);
    ASSERT_TRUE(ranked.ok());
    for (size_t i = 0; i < 3; ++i) EXPECT_EQ(ranked->front()[i].label, test.names[i]);
  }
}

TEST(RankRows, RanksAsManyRowsAsAreAskedForWhateverTheStrides) {
  float columns[] = {1, 0, 5, 2, 3, 6};  // Two classes of three rows: (1, 2), (0, 3), (5, 6).
  const int64_t columns_shape[] = {2, 3};
  const Result<Tensor> storage = Tensor::borrow(DType::kFloat32, columns_shape, columns);
  const int64_t shape[] = {3, 2};
  const int64_t strides[] = {1, 3};
  const Result<Tensor> logits = Tensor::view(storage->storage(), DType::kFloat32, shape, strides, 0);
  ASSERT_TRUE(logits.ok());
  const auto ranked = rank_rows(*logits, 2, {"no", "yes"}, 1);
  ASSERT_TRUE(ranked.ok());
  ASSERT_EQ(ranked->size(), 2U);
  for (size_t row = 0; row < 2; ++row) {
    const double odds = std::exp(row == 0 ? 1.0 : 3.0);
    EXPECT_EQ((*ranked)[row][0].label, "yes");
    EXPECT_NEAR((*ranked)[row][0].probability, odds / (1 + odds), 1e-9);
  }
}

TEST(RankRows, ReadsHalfPrecisionAnswers) {
  uint16_t bits[] = {0x3F80, 0x4040};  // bfloat16 1 and 3
  const int64_t shape[] = {1, 2};
  const auto ranked = rank_rows(*Tensor::borrow(DType::kBFloat16, shape, bits), 1, {}, 1);
  ASSERT_TRUE(ranked.ok()) << ranked.status().message();
  EXPECT_EQ(ranked->front()[0].index, 1);
  EXPECT_NEAR(ranked->front()[0].probability, 1 / (1 + std::exp(-2.0)), 1e-9);
}

TEST(RankRows, RefusesAnAnswerThatIsNotARowForEachPicture) {
  const std::vector<int64_t> shapes[] = {{4}, {1, 4}, {2, 2, 1}, {2, 0}};
  float numbers[4] = {};
  for (const std::vector<int64_t>& shape : shapes) {
    const auto ranked = rank_rows(*Tensor::borrow(DType::kFloat32, shape, numbers), 2, {}, 1);
    ASSERT_FALSE(ranked.ok()) << describe_shape(shape);
    EXPECT_EQ(ranked.status().code(), StatusCode::kFailed);
    EXPECT_EQ(ranked.status().message(),
              "the model's answer is float32" + describe_shape(shape) + ", not one row of numbers for each picture");
  }
}

}  // namespace
}  // namespace hearth
