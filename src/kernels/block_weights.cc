#include "kernels/block_weights.h"

#include <array>
#include <cstring>

#include "base/errors.h"
#include "kernels/operands.h"
#include "tensor/float16.h"

namespace hearth {
namespace {

constexpr std::array<std::string_view, kBlockFormats> kNames{"q4", "q4-asym", "q8"};

/// One block as bytes.
class Block {
 public:
  Block(const std::byte* data, BlockFormat format) : data_(data), format_(format) {}

  float value(int64_t row, int64_t depth) const {
    const int64_t group = depth / kGroupDepth;
    const auto number = static_cast<float>(this->number(row, group, depth % kGroupDepth));
    const float scale = half(group * kBlockRows + row);
    switch (format_) {
      case BlockFormat::kNibbles:
        return (number - 8) * scale;
      case BlockFormat::kBytes:
        return (number - 128) * scale;
      case BlockFormat::kNibblesFromMinimum:
        break;
    }
    return number * scale + half(kBlockGroups * kBlockRows + group * kBlockRows + row);
  }

 private:
  float half(int64_t index) const {
    Float16 value;
    std::memcpy(&value.bits, data_ + index * 2, sizeof(value.bits));
    return value;
  }

  int number(int64_t row, int64_t group, int64_t depth) const {
    const int64_t packed = format_ == BlockFormat::kBytes ? kGroupDepth : kGroupDepth / 2;
    const int64_t numbers = block_bytes(format_) - kBlockGroups * kBlockRows * packed;
    const int64_t place = depth % packed;
    const int byte = std::to_integer<int>(
        data_[numbers + group * kBlockRows * packed + place / 4 * kBlockRows * 4 + row * 4 + place % 4]);
    if (format_ == BlockFormat::kBytes) return byte;
    return depth < packed ? byte & 15 : byte >> 4;
  }

  const std::byte* data_;
  BlockFormat format_;
};

}  // namespace

Result<BlockFormat> parse_block_format(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (name == kNames[i]) return static_cast<BlockFormat>(i);
  }
  return invalid_argument("'{}' is no format of weights in blocks; there are {}", name, fmt::join(kNames, ", "));
}

Status check_block_weights(std::string_view op, const BlockWeights& weights, int64_t depth) {
  HEARTH_RETURN_IF_ERROR(check_dtype(op, "weight", weights.data, DType::kUInt8));
  if (weights.rows < 0) return invalid_argument("{}: the weight has {} rows", op, weights.rows);
  const auto parts = [](int64_t whole, int64_t part) { return whole / part + (whole % part != 0 ? 1 : 0); };
  const std::array shape{parts(weights.rows, kBlockRows), parts(depth, kBlockDepth), block_bytes(weights.format)};
  HEARTH_RETURN_IF_ERROR(check_shape(op, "weight", weights.data, shape));
  if (weights.data.is_contiguous()) return {};
  return invalid_argument("{}: the weight is {}, but must be row-major", op, describe(weights.data));
}

void read_block_row(const BlockWeights& weights, int64_t row, std::span<float> values) {
  const std::byte* panel = weights.panel(row / kBlockRows);
  for (size_t k = 0; k < values.size(); ++k) {
    const auto depth = static_cast<int64_t>(k);
    const Block block(panel + depth / kBlockDepth * block_bytes(weights.format), weights.format);
    values[k] = block.value(row % kBlockRows, depth % kBlockDepth);
  }
}

}  // namespace hearth
