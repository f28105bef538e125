#include "kernels/cpu/convolution_panels.h"

#include "base/errors.h"

namespace hearth {

PanelSource convolution_panels(const Tensor& weight, const ConvolutionShape& shape) {
  const ImageStrides strides = image_strides(weight);
  const int64_t out_stride = shape.transposed ? strides[1] : strides[0];
  const int64_t in_stride = shape.transposed ? strides[0] : strides[1];
  PanelSource source;
  source.data = weight.data();
  source.dtype = weight.dtype();
  source.instances = shape.groups;
  source.instance_stride =
      shape.transposed ? shape.group_in_channels() * in_stride : shape.group_out_channels() * out_stride;
  source.depth_sizes = {shape.kernel[0], shape.kernel[1], shape.kernel[2], shape.group_in_channels()};
  source.depth_strides = {strides[2], strides[3], strides[4], in_stride};
  source.columns = shape.group_out_channels();
  source.column_stride = out_stride;
  return source;
}

std::string convolution_role(const ConvolutionShape& shape) {
  return fmt::format("{}convolution of {} groups", shape.transposed ? "transposed " : "", shape.groups);
}

}  // namespace hearth
