#include "tensor/compare.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <utility>

#include "base/errors.h"
#include "tensor/visit_dtype.h"

namespace hearth {
namespace {

/// Row-major walk over a shape, one index at a time.
class Index {
 public:
  explicit Index(std::span<const int64_t> shape) : shape_(shape), values_(shape.size(), 0) {}
  const std::vector<int64_t>& values() const { return values_; }
  int64_t offset(std::span<const int64_t> strides) const {
    int64_t sum = 0;
    for (size_t i = 0; i < values_.size(); ++i) sum += values_[i] * strides[i];
    return sum;
  }
  void next() {
    for (size_t i = values_.size(); i-- > 0;) {
      if (++values_[i] < shape_[i]) return;
      values_[i] = 0;
    }
  }

 private:
  std::span<const int64_t> shape_;
  std::vector<int64_t> values_;
};

template <typename T>
double difference(T actual, T expected) {
  if constexpr (std::is_integral_v<T>) {
    // In 64 bits there are neighbours that one double stands for.
    const auto a = static_cast<uint64_t>(actual);
    const auto e = static_cast<uint64_t>(expected);
    return static_cast<double>(actual > expected ? a - e : e - a);
  } else {
    const auto a = static_cast<double>(actual);
    const auto e = static_cast<double>(expected);
    if (a == e || (std::isnan(a) && std::isnan(e))) return 0;
    const double distance = std::abs(a - e);
    return std::isnan(distance) ? std::numeric_limits<double>::infinity() : distance;
  }
}

class Tally {
 public:
  Tally(double atol, double rtol) : atol_(atol), rtol_(rtol) {}

  void add(double distance, double actual, double expected, const Index& index) {
    const double size = std::abs(expected);
    const double allowed = atol_ + (std::isfinite(size) ? rtol_ * size : 0);
    result_.elements += 1;
    const bool mismatch = distance > allowed;
    result_.mismatches += mismatch ? 1 : 0;
    result_.max_abs = std::max(result_.max_abs, distance);
    if (size > 0 && std::isfinite(size)) result_.max_rel = std::max(result_.max_rel, distance / size);
    // A mismatch, however small, is worse than any difference that is allowed.
    const std::pair badness(mismatch, mismatch ? distance - allowed : distance);
    if (result_.elements == 1 || badness > worst_) {
      worst_ = badness;
      result_.worst_index = index.values();
      result_.worst_actual = actual;
      result_.worst_expected = expected;
    }
  }

  Comparison result() const { return result_; }

 private:
  double atol_;
  double rtol_;
  std::pair<bool, double> worst_{};
  Comparison result_;
};

template <typename T>
void tally_elements(const Tensor& actual, const Tensor& expected, Tally& tally) {
  Index index(actual.shape());
  const auto tally_number = [&](auto a, auto e) {
    tally.add(difference(a, e), static_cast<double>(a), static_cast<double>(e), index);
  };
  const int64_t count = actual.element_count();
  for (int64_t i = 0; i < count; ++i, index.next()) {
    const T a = actual.data_as<T>()[index.offset(actual.strides())];
    const T e = expected.data_as<T>()[index.offset(expected.strides())];
    if constexpr (std::is_same_v<T, std::complex<float>> || std::is_same_v<T, std::complex<double>>) {
      tally_number(a.real(), e.real());
      tally_number(a.imag(), e.imag());
    } else {
      tally_number(a, e);
    }
  }
}

}  // namespace

Result<Comparison> compare(const Tensor& actual, const Tensor& expected, double atol, double rtol) {
  if (actual.dtype() != expected.dtype() || !std::ranges::equal(actual.shape(), expected.shape())) {
    return invalid_argument("it is {}, {} was expected", describe(actual), describe(expected));
  }
  if (!actual.defined() || !expected.defined()) return invalid_argument("an undefined tensor cannot be compared");
  Tally tally(atol, rtol);
  if (actual.dtype() == DType::kComplex64) {
    tally_elements<std::complex<float>>(actual, expected, tally);
  } else if (actual.dtype() == DType::kComplex128) {
    tally_elements<std::complex<double>>(actual, expected, tally);
  } else {
    HEARTH_RETURN_IF_ERROR(visit_real_dtype(actual.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
      tally_elements<T>(actual, expected, tally);
      return {};
    }));
  }
  return tally.result();
}

}  // namespace hearth
