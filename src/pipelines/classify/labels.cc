#include "pipelines/classify/labels.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/errors.h"
#include "tensor/copy.h"

namespace hearth {

Result<std::vector<std::string>> parse_labels(std::string_view json) {
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(json);
  simdjson::dom::array array;
  if (parser.parse(padded).get(array) != simdjson::SUCCESS) return invalid_file("the labels are not a JSON array");
  std::vector<std::string> labels;
  for (const simdjson::dom::element element : array) {
    std::string_view label;
    if (element.get(label) != simdjson::SUCCESS) return invalid_file("label {} is not a string", labels.size());
    labels.emplace_back(label);
  }
  return labels;
}

namespace {

std::vector<Classification> rank_row(std::span<const double> scores, const std::vector<std::string>& labels,
                                     size_t top) {
  const double largest = *std::ranges::max_element(scores);
  double sum = 0;
  for (const double score : scores) sum += std::exp(score - largest);

  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const size_t count = std::min(top, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(count), order.end(),
                    [&](size_t a, size_t b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
  std::vector<Classification> ranked;
  for (size_t i = 0; i < count; ++i) {
    const size_t index = order[i];
    ranked.push_back({index < labels.size() ? labels[index] : std::to_string(index), static_cast<int64_t>(index),
                      std::exp(scores[index] - largest) / sum});
  }
  return ranked;
}

/// Minus infinity is a model's way to rule a class out, unless it rules out all.
bool can_be_ranked(std::span<const double> scores) {
  const auto wrong = [](double score) { return std::isnan(score) || score == std::numeric_limits<double>::infinity(); };
  return std::ranges::none_of(scores, wrong) && std::isfinite(*std::ranges::max_element(scores));
}

}  // namespace

Result<std::vector<std::vector<Classification>>> rank_rows(const Tensor& logits, size_t count,
                                                           const std::vector<std::string>& labels, size_t top) {
  if (logits.rank() != 2 || logits.size(0) < static_cast<int64_t>(count) || logits.size(1) == 0) {
    return error(StatusCode::kFailed, "the model's answer is {}, not one row of numbers for each picture",
                 describe(logits));
  }
  HEARTH_ASSIGN_OR_RETURN(const Tensor values, Tensor::empty(DType::kFloat64, logits.shape()));
  HEARTH_RETURN_IF_ERROR(copy_strided(values, logits));
  const auto classes = static_cast<size_t>(logits.size(1));
  std::vector<std::vector<Classification>> ranked;
  for (size_t row = 0; row < count; ++row) {
    const std::span<const double> scores(values.data_as<double>() + row * classes, classes);
    if (!can_be_ranked(scores)) {
      return error(StatusCode::kFailed, "the model answered with numbers that are none (NaN or infinite)");
    }
    ranked.push_back(rank_row(scores, labels, top));
  }
  return ranked;
}

}  // namespace hearth
