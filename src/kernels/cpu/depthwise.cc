#include "kernels/cpu/depthwise.h"

#include <algorithm>
#include <vector>

#include "kernels/cpu/gemm.h"

namespace hearth {
namespace {

/// Channels of one item of work; a multiple of every instruction set's lanes.
constexpr int64_t kChannelsOfItem = 512;
/// Multiply-adds that take some microseconds, several times what handing them to a thread takes.
constexpr int64_t kWorthwhileWork = 60'000;

/// One line of output pixels, for the channels [channel, channel_end).
struct Line {
  int64_t image;
  int64_t plane;
  int64_t line;
  int64_t channel;
  int64_t channel_end;
};

/// Computes lines; each member of the team uses its own.
class LineWorker {
 public:
  LineWorker(const MicroKernels& kernels, const Depthwise& depthwise)
      : kernels_(kernels), depthwise_(depthwise), shape_(*depthwise.shape) {
    activates_ = !activation_as_clamp(depthwise.activation, run_.low, run_.high);
    run_.input_step = shape_.stride[2] * depthwise.input_strides[4];
    run_.output_step = depthwise.output_strides[4];
    run_.residual_step = depthwise.residual_strides[4];
    const int64_t last_tap = (shape_.kernel[2] - 1) * shape_.dilation[2];
    const int64_t room = shape_.input[2] - 1 + shape_.padding[2] - last_tap;
    inner_begin_ = std::min((shape_.padding[2] + shape_.stride[2] - 1) / shape_.stride[2], shape_.output[2]);
    inner_end_ = std::clamp(room < 0 ? 0 : room / shape_.stride[2] + 1, inner_begin_, shape_.output[2]);
  }

  /// Pixels at the sides, where some taps meet padding, one by one; those between in one run.
  void compute(const Line& line) {
    for (int64_t pixel = 0; pixel < inner_begin_; ++pixel) compute_run(line, pixel, 1);
    if (inner_begin_ < inner_end_) compute_run(line, inner_begin_, inner_end_ - inner_begin_);
    for (int64_t pixel = inner_end_; pixel < shape_.output[2]; ++pixel) compute_run(line, pixel, 1);
  }

 private:
  void compute_run(const Line& line, int64_t pixel, int64_t pixels) {
    collect_taps(line, pixel);
    run_.inputs = inputs_.data();
    run_.weights = weights_.data();
    run_.taps = static_cast<int64_t>(inputs_.size());
    run_.pixels = pixels;
    run_.channels = line.channel_end - line.channel;
    run_.output = depthwise_.output + offset(depthwise_.output_strides, line, pixel);
    run_.bias = depthwise_.bias ? depthwise_.bias + line.channel : nullptr;
    run_.residual =
        depthwise_.residual ? depthwise_.residual + offset(depthwise_.residual_strides, line, pixel) : nullptr;
    kernels_.depthwise(run_);
    if (!activates_) return;
    for (int64_t p = 0; p < pixels; ++p) {
      kernels_.activate(depthwise_.activation, run_.output + p * run_.output_step, run_.channels);
    }
  }

  void collect_taps(const Line& line, int64_t pixel) {
    inputs_.clear();
    weights_.clear();
    for (int64_t i = 0; i < shape_.kernel[0]; ++i) {
      for (int64_t j = 0; j < shape_.kernel[1]; ++j) {
        const int64_t d = shape_.input_position(0, line.plane, i);
        const int64_t h = shape_.input_position(1, line.line, j);
        if (d >= 0 && h >= 0) collect_row(line, pixel, d, h, (i * shape_.kernel[1] + j) * shape_.kernel[2]);
      }
    }
  }

  /// A row of taps, the first of which has number `tap`, in line `h` of plane `d` of the input.
  void collect_row(const Line& line, int64_t pixel, int64_t d, int64_t h, int64_t tap) {
    const ImageStrides& strides = depthwise_.input_strides;
    const float* input = depthwise_.input + line.image * strides[0] + line.channel + d * strides[2] + h * strides[3];
    for (int64_t l = 0; l < shape_.kernel[2]; ++l) {
      const int64_t w = shape_.input_position(2, pixel, l);
      if (w < 0) continue;
      inputs_.push_back(input + w * strides[4]);
      weights_.push_back(depthwise_.weights + (tap + l) * shape_.in_channels + line.channel);
    }
  }

  static int64_t offset(const ImageStrides& strides, const Line& line, int64_t pixel) {
    return line.image * strides[0] + line.channel + line.plane * strides[2] + line.line * strides[3] +
           pixel * strides[4];
  }

  const MicroKernels& kernels_;
  const Depthwise& depthwise_;
  const ConvolutionShape& shape_;
  DepthwiseArguments run_;
  bool activates_ = false;
  int64_t inner_begin_ = 0;
  int64_t inner_end_ = 0;
  std::vector<const float*> inputs_;
  std::vector<const float*> weights_;
};

}  // namespace

void run_depthwise(ThreadTeam& team, const MicroKernels& kernels, const Depthwise& depthwise) {
  const ConvolutionShape& shape = *depthwise.shape;
  const int64_t channel_blocks = (shape.in_channels + kChannelsOfItem - 1) / kChannelsOfItem;
  const int64_t lines = shape.batch * shape.output[0] * shape.output[1];
  const int64_t work_of_item = shape.output[2] * shape.taps() * std::min(shape.in_channels, kChannelsOfItem);
  const int64_t grain = std::max<int64_t>(kWorthwhileWork / std::max<int64_t>(work_of_item, 1), 1);
  team.parallel_for(lines * channel_blocks, grain, [&](int64_t begin, int64_t end) {
    LineWorker worker(kernels, depthwise);
    for (int64_t item = begin; item < end; ++item) {
      const int64_t line = item / channel_blocks;
      const int64_t channel = item % channel_blocks * kChannelsOfItem;
      worker.compute({line / (shape.output[0] * shape.output[1]), line / shape.output[1] % shape.output[0],
                      line % shape.output[1], channel, std::min(channel + kChannelsOfItem, shape.in_channels)});
    }
  });
}

}  // namespace hearth
