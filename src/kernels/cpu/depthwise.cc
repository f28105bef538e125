#include "kernels/cpu/depthwise.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "kernels/cpu/work_division.h"

namespace hearth {
namespace {

/// Channels of one item of work are so many that the lines of input that an output line meets stay in the nearest cache
/// until the next one, in elements of four bytes, and at least so many that what is read of a pixel is worth
/// prefetching.
constexpr int64_t kCachedElements = 8192;
constexpr int64_t kFewestChannelsOfItem = 96;

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
  int64_t pixel = 0;
  int64_t pixels = 0;
  int row_of_three_step = 0;  ///< These as in DepthwiseArguments.
  bool first_is_outside = false;
  bool last_is_outside = false;
  std::vector<DepthwiseTap> taps;  ///< Of all planes and lines of the window, as many in each line.
};

/// Taps of one dimension that lie inside the image.
struct TapRange {
  int64_t begin;
  int64_t end;
  int64_t count() const { return end - begin; }
};

/// Cuts output lines into runs: pixels at the sides, where some taps meet padding, are runs of their own unless they
/// are rows of three that lack the outer one; those between are one.
class LineCut {
 public:
  LineCut(const ConvolutionShape& shape, const ImageStrides& strides) : shape_(shape), strides_(strides) {
    for (const int step : {1, 2}) {
      if (shape.kernel[2] == 3 && shape.stride[2] == step * shape.dilation[2]) row_of_three_step_ = step;
    }
    const int64_t last_tap = (shape.kernel[2] - 1) * shape.dilation[2];
    const int64_t room = shape.input[2] - 1 + shape.padding[2] - last_tap;
    const int64_t begin = std::min((shape.padding[2] + shape.stride[2] - 1) / shape.stride[2], shape.output[2]);
    const int64_t end = std::clamp(room < 0 ? 0 : room / shape.stride[2] + 1, begin, shape.output[2]);
    const int64_t last = shape.output[2] - 1;
    if (row_of_three_step_ > 0 && last > 0 && begin <= 1 && end >= last && lacks_outer_tap_only(0, 0) &&
        lacks_outer_tap_only(last, 2)) {
      add_run({0, last + 1, row_of_three_step_, begin > 0, end == last, {}});
      return;
    }
    for (int64_t pixel = 0; pixel < begin; ++pixel) add_run({pixel, 1, 0, false, false, {}});
    if (begin < end) add_run({begin, end - begin, end - begin > 1 ? row_of_three_step_ : 0, false, false, {}});
    for (int64_t pixel = end; pixel < shape.output[2]; ++pixel) add_run({pixel, 1, 0, false, false, {}});
  }

  const std::vector<Run>& runs() const { return runs_; }

 private:
  bool meets_image(int64_t pixel, int64_t tap) const { return shape_.input_position(2, pixel, tap) >= 0; }

  /// True when the taps of three that `pixel` meets are all, or all but the `outer` one.
  bool lacks_outer_tap_only(int64_t pixel, int64_t outer) const {
    return meets_image(pixel, 1) && meets_image(pixel, 2 - outer);
  }

  void add_run(Run run) {
    for (int64_t line = 0; line < shape_.kernel[0] * shape_.kernel[1]; ++line) {
      const int64_t offset = line / shape_.kernel[1] * shape_.dilation[0] * strides_[2] +
                             line % shape_.kernel[1] * shape_.dilation[1] * strides_[3];
      for (int64_t l = 0; l < shape_.kernel[2]; ++l) {
        if (run.row_of_three_step == 0 && !meets_image(run.pixel, l)) continue;
        run.taps.push_back(
            {offset + l * shape_.dilation[2] * strides_[4], (line * shape_.kernel[2] + l) * shape_.in_channels});
      }
    }
    runs_.push_back(std::move(run));
  }

  const ConvolutionShape& shape_;
  const ImageStrides& strides_;
  int row_of_three_step_ = 0;
  std::vector<Run> runs_;
};

/// Computes lines; each member of the team uses its own.
class LineWorker {
 public:
  LineWorker(const MicroKernels& kernels, const Depthwise& depthwise, const LineCut& cut)
      : kernels_(kernels), depthwise_(depthwise), shape_(*depthwise.shape), cut_(cut) {
    const ImageStrides& strides = depthwise.input.strides;
    arguments_.input_dtype = depthwise.input.dtype;
    arguments_.images = depthwise.input.data;
    arguments_.input_zero = depthwise.input.affine.zero;
    arguments_.input_step = shape_.stride[2] * strides[4];
    arguments_.column_step = shape_.dilation[2] * strides[4];
    arguments_.output_dtype = depthwise.output.dtype;
    arguments_.output_affine = depthwise.output.affine;
    arguments_.output_step = depthwise.output.strides[4];
    arguments_.residual_step = depthwise.residual.strides[4];
    arguments_.activation = depthwise.activation;
    arguments_.weights_step = shape_.in_channels;
  }

  void compute(const Line& line) {
    const TapRange planes = taps_inside(0, line.plane);
    const TapRange lines = taps_inside(1, line.line);
    arguments_.weights = depthwise_.weights + line.channel;
    arguments_.bias = depthwise_.bias ? depthwise_.bias + line.channel : nullptr;
    arguments_.channels = line.channel_end - line.channel;
    for (const Run& run : cut_.runs()) {
      choose_taps(run, planes, lines);
      arguments_.row_of_three_step = run.row_of_three_step;
      arguments_.first_is_outside = run.first_is_outside;
      arguments_.last_is_outside = run.last_is_outside;
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
  TapRange taps_inside(int dimension, int64_t output) const {
    TapRange range{0, shape_.kernel[static_cast<size_t>(dimension)]};
    while (range.begin < range.end && shape_.input_position(dimension, output, range.begin) < 0) ++range.begin;
    while (range.begin < range.end && shape_.input_position(dimension, output, range.end - 1) < 0) --range.end;
    return range;
  }

  /// The run's taps of these planes and lines: a piece of its list where they lie together there.
  void choose_taps(const Run& run, TapRange planes, TapRange lines) {
    const int64_t in_window = shape_.kernel[0] * shape_.kernel[1];
    const int64_t in_line = std::ssize(run.taps) / in_window;
    const auto first = [&](int64_t plane) {
      return run.taps.data() + (plane * shape_.kernel[1] + lines.begin) * in_line;
    };
    arguments_.tap_count = planes.count() * lines.count() * in_line;
    arguments_.taps = first(planes.begin);
    if (planes.count() <= 1 || lines.count() == shape_.kernel[1]) return;
    chosen_.clear();
    for (int64_t plane = planes.begin; plane < planes.end; ++plane) {
      chosen_.insert(chosen_.end(), first(plane), first(plane) + lines.count() * in_line);
    }
    arguments_.taps = chosen_.data();
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
  const LineCut& cut_;
  DepthwiseArguments arguments_;
  std::vector<DepthwiseTap> chosen_;
};

}  // namespace

void run_depthwise(ThreadTeam& team, const MicroKernels& kernels, const Depthwise& depthwise) {
  const ConvolutionShape& shape = *depthwise.shape;
  const int64_t fitting = kCachedElements / std::max<int64_t>(shape.input[2] * shape.kernel[1], 1);
  const int64_t channels_of_item = std::max(fitting / kFewestChannelsOfItem, int64_t{1}) * kFewestChannelsOfItem;
  const int64_t channel_blocks = divide_up(shape.in_channels, channels_of_item);
  const int64_t lines = shape.batch * shape.output[0] * shape.output[1];
  const int64_t work_of_item = shape.output[2] * shape.taps() * std::min(shape.in_channels, channels_of_item);
  const LineCut cut(shape, depthwise.input.strides);
  team.parallel_for(lines * channel_blocks, worthwhile_items(work_of_item), [&](int64_t begin, int64_t end) {
    LineWorker worker(kernels, depthwise, cut);
    for (int64_t item = begin; item < end; ++item) {
      const int64_t line = item % lines;
      const int64_t channel = item / lines * channels_of_item;
      worker.compute({line / (shape.output[0] * shape.output[1]), line / shape.output[1] % shape.output[0],
                      line % shape.output[1], channel, std::min(channel + channels_of_item, shape.in_channels)});
    }
  });
}

}  // namespace hearth
