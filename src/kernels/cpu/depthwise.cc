#include "kernels/cpu/depthwise.h"

#include <algorithm>
#include <vector>

#include "kernels/cpu/work_division.h"

namespace hearth {
namespace {

/// Channels of one item of work are so many that the lines of input that an output line meets stay in the nearest cache
/// until the next one, in elements of four bytes, and at least two vectors of the widest instruction set.
constexpr int64_t kCachedElements = 4096;
constexpr int64_t kFewestChannelsOfItem = 32;

/// One line of output pixels, for the channels [channel, channel_end).
struct Line {
  int64_t image;
  int64_t plane;
  int64_t line;
  int64_t channel;
  int64_t channel_end;
};

/// Output pixels of a line that meet the same columns of taps.
struct Run {
  int64_t pixel;
  int64_t pixels;
  bool is_whole;  ///< They meet all columns.
  std::vector<DepthwiseTap> taps;
};

/// Computes lines; each member of the team uses its own.
class LineWorker {
 public:
  LineWorker(const MicroKernels& kernels, const Depthwise& depthwise)
      : kernels_(kernels), depthwise_(depthwise), shape_(*depthwise.shape) {
    arguments_.input_dtype = depthwise.input.dtype;
    arguments_.images = depthwise.input.data;
    arguments_.input_zero = depthwise.input.affine.zero;
    arguments_.input_step = shape_.stride[2] * depthwise.input.strides[4];
    arguments_.output_dtype = depthwise.output.dtype;
    arguments_.output_affine = depthwise.output.affine;
    arguments_.output_step = depthwise.output.strides[4];
    arguments_.residual_step = depthwise.residual.strides[4];
    arguments_.activation = depthwise.activation;
    arguments_.weights_step = shape_.in_channels;
    rows_share_inputs_ = shape_.kernel[2] == 3 && shape_.dilation[2] == shape_.stride[2];
    cut_line();
  }

  void compute(const Line& line) {
    collect_taps(line);
    arguments_.weights = depthwise_.weights + line.channel;
    arguments_.bias = depthwise_.bias ? depthwise_.bias + line.channel : nullptr;
    arguments_.channels = line.channel_end - line.channel;
    for (const Run& run : runs_) {
      arguments_.taps = run.taps.data();
      arguments_.tap_count = static_cast<int64_t>(run.taps.size());
      arguments_.has_rows_of_three = run.is_whole && rows_share_inputs_;
      arguments_.pixels = run.pixels;
      arguments_.input = line.image * depthwise_.input.strides[0] + line.channel +
                         first_input(0, line.plane) * depthwise_.input.strides[2] +
                         first_input(1, line.line) * depthwise_.input.strides[3] +
                         first_input(2, run.pixel) * depthwise_.input.strides[4];
      arguments_.output = place(depthwise_.output, line, run.pixel);
      arguments_.residual = depthwise_.residual.data ? place(depthwise_.residual, line, run.pixel) : nullptr;
      kernels_.depthwise(arguments_);
    }
  }

 private:
  /// Pixels at the sides, where some taps meet padding, are runs of their own; those between are one.
  void cut_line() {
    const int64_t last_tap = (shape_.kernel[2] - 1) * shape_.dilation[2];
    const int64_t room = shape_.input[2] - 1 + shape_.padding[2] - last_tap;
    const int64_t begin = std::min((shape_.padding[2] + shape_.stride[2] - 1) / shape_.stride[2], shape_.output[2]);
    const int64_t end = std::clamp(room < 0 ? 0 : room / shape_.stride[2] + 1, begin, shape_.output[2]);
    for (int64_t pixel = 0; pixel < begin; ++pixel) runs_.push_back({pixel, 1, false, {}});
    if (begin < end) runs_.push_back({begin, end - begin, true, {}});
    for (int64_t pixel = end; pixel < shape_.output[2]; ++pixel) runs_.push_back({pixel, 1, false, {}});
  }

  /// Lines that meet all taps above and below meet the same ones.
  void collect_taps(const Line& line) {
    const bool meets_all = meets_all_taps(0, line.plane) && meets_all_taps(1, line.line);
    if (meets_all && collected_all_) return;
    collected_all_ = meets_all;
    for (Run& run : runs_) {
      run.taps.clear();
      for (int64_t i = 0; i < shape_.kernel[0]; ++i) {
        for (int64_t j = 0; j < shape_.kernel[1]; ++j) {
          const bool is_inside =
              shape_.input_position(0, line.plane, i) >= 0 && shape_.input_position(1, line.line, j) >= 0;
          if (is_inside) collect_row(run, i, j);
        }
      }
    }
  }

  void collect_row(Run& run, int64_t i, int64_t j) const {
    const ImageStrides& strides = depthwise_.input.strides;
    const auto& dilation = shape_.dilation;
    for (int64_t l = 0; l < shape_.kernel[2]; ++l) {
      if (shape_.input_position(2, run.pixel, l) < 0) continue;
      const int64_t tap = (i * shape_.kernel[1] + j) * shape_.kernel[2] + l;
      run.taps.push_back({i * dilation[0] * strides[2] + j * dilation[1] * strides[3] + l * dilation[2] * strides[4],
                          tap * shape_.in_channels});
    }
  }

  bool meets_all_taps(int dimension, int64_t output) const {
    return shape_.input_position(dimension, output, 0) >= 0 &&
           shape_.input_position(dimension, output, shape_.kernel[static_cast<size_t>(dimension)] - 1) >= 0;
  }

  /// The input that the first tap meets, negative in the padding.
  int64_t first_input(size_t dimension, int64_t output) const {
    return output * shape_.stride[dimension] - shape_.padding[dimension];
  }

  static std::byte* place(const ImagesInMemory& images, const Line& line, int64_t pixel) {
    const ImageStrides& strides = images.strides;
    const int64_t element =
        line.image * strides[0] + line.channel + line.plane * strides[2] + line.line * strides[3] + pixel * strides[4];
    return images.data + element * (dtype_bits(images.dtype) / 8);
  }

  const MicroKernels& kernels_;
  const Depthwise& depthwise_;
  const ConvolutionShape& shape_;
  DepthwiseArguments arguments_;
  std::vector<Run> runs_;
  bool collected_all_ = false;
  bool rows_share_inputs_ = false;
};

}  // namespace

void run_depthwise(ThreadTeam& team, const MicroKernels& kernels, const Depthwise& depthwise) {
  const ConvolutionShape& shape = *depthwise.shape;
  const int64_t fitting = kCachedElements / std::max<int64_t>(shape.input[2] * shape.kernel[1], 1);
  const int64_t channels_of_item = std::max(fitting / kFewestChannelsOfItem, int64_t{1}) * kFewestChannelsOfItem;
  const int64_t channel_blocks = divide_up(shape.in_channels, channels_of_item);
  const int64_t lines = shape.batch * shape.output[0] * shape.output[1];
  const int64_t work_of_item = shape.output[2] * shape.taps() * std::min(shape.in_channels, channels_of_item);
  team.parallel_for(lines * channel_blocks, worthwhile_items(work_of_item), [&](int64_t begin, int64_t end) {
    LineWorker worker(kernels, depthwise);
    for (int64_t item = begin; item < end; ++item) {
      const int64_t line = item % lines;
      const int64_t channel = item / lines * channels_of_item;
      worker.compute({line / (shape.output[0] * shape.output[1]), line / shape.output[1] % shape.output[0],
                      line % shape.output[1], channel, std::min(channel + channels_of_item, shape.in_channels)});
    }
  });
}

}  // namespace hearth
