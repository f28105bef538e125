#include "kernels/cpu/padded_images.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/errors.h"

namespace hearth {
namespace {

/// What takes some microseconds to clear, or the same bytes of another dtype.
constexpr int64_t kElementsWorthAThread = 1 << 15;

/// Columns that windows reach, padding included.
int64_t padded_width(const ConvolutionShape& shape) {
  return (shape.output[2] - 1) * shape.stride[2] + (shape.kernel[2] - 1) * shape.dilation[2] + 1;
}

/// Fills the columns [begin, end) of a line, whose number counts all lines of all images.
void fill(const Images& images, int64_t line, int64_t begin, int64_t end, uint8_t byte) {
  if (begin == end) return;
  std::memset(images.data + line * images.strides[3] + begin * images.strides[4], byte,
              static_cast<size_t>((end - begin) * images.strides[4]) * sizeof(float));
}

}  // namespace

ConvolutionShape with_padded_lines(ConvolutionShape shape) {
  for (const size_t i : {0, 1}) {
    shape.input[i] += std::exchange(shape.padding[i], 0) + std::exchange(shape.padding_behind[i], 0);
  }
  return shape;
}

Result<Images> padded_images(const KernelContext& context, const ConvolutionShape& shape,
                             const ConvolutionShape& padded, const Images& from, uint8_t padding, int64_t pixel) {
  const int64_t width = padded_width(shape);
  const int64_t lines = shape.batch * padded.input[0] * padded.input[1];
  Images copy;
  HEARTH_ASSIGN_OR_RETURN(copy.tensor, context.pool->empty(DType::kFloat32, std::array{lines, width, pixel}));
  copy.data = copy.tensor.data_as<float>();
  copy.sizes = {shape.batch, shape.in_channels, padded.input[0], padded.input[1], width};
  copy.strides = {padded.input[0] * padded.input[1] * width * pixel, 1, padded.input[1] * width * pixel, width * pixel,
                  pixel};

  Images inside = copy;
  inside.sizes = from.sizes;
  const int64_t first_plane = shape.padding[0] - padded.padding[0];
  const int64_t first_line = shape.padding[1] - padded.padding[1];
  const int64_t first_column = std::min(shape.padding[2], width);
  inside.sizes[4] = std::clamp<int64_t>(width - first_column, 0, shape.input[2]);
  inside.data += first_plane * copy.strides[2] + first_line * copy.strides[3] + first_column * copy.strides[4];
  const int64_t grain = kElementsWorthAThread / std::max<int64_t>(width * pixel, 1) + 1;
  context.team->parallel_for(lines, grain, [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) {
      const int64_t of_plane = line % padded.input[1] - first_line;
      const int64_t of_image = line / padded.input[1] % padded.input[0] - first_plane;
      const bool is_inside = of_plane >= 0 && of_plane < shape.input[1] && of_image >= 0 && of_image < shape.input[0];
      const int64_t left = is_inside ? first_column : width;
      fill(copy, line, 0, left, padding);
      if (is_inside) fill(copy, line, left + inside.sizes[4], width, padding);
    }
  });
  Images given = from;
  given.sizes[4] = inside.sizes[4];
  copy_images(*context.team, given, inside);
  return copy;
}

}  // namespace hearth
