#include "media/image/resize.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/errors.h"

namespace hearth {
namespace {

using Resample = ImagePreprocess::Resample;

constexpr int kPrecisionBits = 32 - 8 - 2;

double triangle(double x) { return std::max(0.0, 1.0 - std::abs(x)); }

/// R. Keys, "Cubic convolution interpolation for digital image processing", 1981, with a = -0.5.
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

struct Filter {
  double (*weight)(double);
  double support;
};

Filter filter_of(Resample resample) { return resample == Resample::kBicubic ? Filter{cubic, 2} : Filter{triangle, 1}; }

/// For each output position, the input positions that it mixes and how much of each.
struct Weights {
  int taps = 0;             ///< Room for each output position.
  std::vector<int> begin;   ///< First input position.
  std::vector<int> count;   ///< Input positions.
  std::vector<int> values;  ///< taps for each output position, fixed point.
};

Weights make_weights(int in, int out, const Filter& filter) {
  const double scale = static_cast<double>(in) / out;
  const double widening = std::max(scale, 1.0);
  const double support = filter.support * widening;
  Weights weights;
  weights.taps = static_cast<int>(std::ceil(support)) * 2 + 1;
  weights.values.resize(static_cast<size_t>(out) * static_cast<size_t>(weights.taps));
  std::vector<double> exact(static_cast<size_t>(weights.taps));
  for (int position = 0; position < out; ++position) {
    const double center = (position + 0.5) * scale;
    const int begin = std::max(static_cast<int>(center - support + 0.5), 0);
    const int count = std::min(static_cast<int>(center + support + 0.5), in) - begin;
    double sum = 0;
    for (int i = 0; i < count; ++i) {
      exact[static_cast<size_t>(i)] = filter.weight((i + begin - center + 0.5) * (1.0 / widening));
      sum += exact[static_cast<size_t>(i)];
    }
    int* values = weights.values.data() + static_cast<size_t>(position) * static_cast<size_t>(weights.taps);
    for (int i = 0; i < count; ++i) {
      const double weight = (sum != 0 ? exact[static_cast<size_t>(i)] / sum : 0) * (1 << kPrecisionBits);
      values[i] = static_cast<int>(weight + (weight < 0 ? -0.5 : 0.5));
    }
    weights.begin.push_back(begin);
    weights.count.push_back(count);
  }
  return weights;
}

uint8_t to_byte(int fixed) { return static_cast<uint8_t>(std::clamp(fixed >> kPrecisionBits, 0, 255)); }

Result<Image> resize_rows(const Image& image, int width, const Filter& filter) {
  HEARTH_ASSIGN_OR_RETURN(Image result, make_image(width, image.height));
  const Weights weights = make_weights(image.width, width, filter);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < width; ++x) {
      const auto index = static_cast<size_t>(x);
      const int* values = weights.values.data() + index * static_cast<size_t>(weights.taps);
      const uint8_t* from = image.row(y) + static_cast<size_t>(weights.begin[index]) * Image::kChannels;
      int sums[Image::kChannels];
      std::fill(std::begin(sums), std::end(sums), 1 << (kPrecisionBits - 1));
      for (int i = 0; i < weights.count[index]; ++i) {
        for (int channel = 0; channel < Image::kChannels; ++channel)
          sums[channel] += from[i * Image::kChannels + channel] * values[i];
      }
      for (int channel = 0; channel < Image::kChannels; ++channel) {
        result.row(y)[x * Image::kChannels + channel] = to_byte(sums[channel]);
      }
    }
  }
  return result;
}

Result<Image> resize_columns(const Image& image, int height, const Filter& filter) {
  HEARTH_ASSIGN_OR_RETURN(Image result, make_image(image.width, height));
  const Weights weights = make_weights(image.height, height, filter);
  const size_t row_size = static_cast<size_t>(image.width) * Image::kChannels;
  std::vector<int> sums(row_size);
  for (int y = 0; y < height; ++y) {
    const auto index = static_cast<size_t>(y);
    const int* values = weights.values.data() + index * static_cast<size_t>(weights.taps);
    std::ranges::fill(sums, 1 << (kPrecisionBits - 1));
    for (int i = 0; i < weights.count[index]; ++i) {
      const uint8_t* from = image.row(weights.begin[index] + i);
      for (size_t x = 0; x < row_size; ++x) sums[x] += from[x] * values[i];
    }
    std::ranges::transform(sums, result.row(y), to_byte);
  }
  return result;
}

/// The input position of each output position. Pillow adds steps up, and their rounding decides ties.
std::vector<int> nearest_positions(int in, int out) {
  const double step = static_cast<double>(in) / out;
  std::vector<int> positions;
  double position = step * 0.5;
  for (int i = 0; i < out; ++i, position += step) positions.push_back(std::min(static_cast<int>(position), in - 1));
  return positions;
}

Result<Image> resize_nearest(const Image& image, int width, int height) {
  HEARTH_ASSIGN_OR_RETURN(Image result, make_image(width, height));
  const std::vector<int> rows = nearest_positions(image.height, height);
  const std::vector<int> columns = nearest_positions(image.width, width);
  for (int y = 0; y < height; ++y) {
    const uint8_t* row = image.row(rows[static_cast<size_t>(y)]);
    uint8_t* target = result.row(y);
    for (const int column : columns) target = std::copy_n(row + column * Image::kChannels, Image::kChannels, target);
  }
  return result;
}

}  // namespace

Result<Image> resize_image(const Image& image, int width, int height, Resample resample) {
  if (width < 1 || height < 1) return invalid_argument("a picture cannot be resized to {}x{}", width, height);
  if (resample == Resample::kNearest) return resize_nearest(image, width, height);
  const Filter filter = filter_of(resample);
  if (width == image.width) return resize_columns(image, height, filter);
  if (height == image.height) return resize_rows(image, width, filter);
  const bool columns_first = height < image.height && image.height - height > 2 * (image.width - width);
  HEARTH_ASSIGN_OR_RETURN(const Image half,
                          columns_first ? resize_columns(image, height, filter) : resize_rows(image, width, filter));
  return columns_first ? resize_rows(half, width, filter) : resize_columns(half, height, filter);
}

}  // namespace hearth
