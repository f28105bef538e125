#include "kernels/convolution_shape.h"

#include <algorithm>
#include <limits>
#include <string>

#include "base/errors.h"
#include "kernels/operands.h"
#include "tensor/layout.h"

namespace hearth {
namespace {

constexpr int64_t kLargestParameter = std::numeric_limits<int32_t>::max();
constexpr const char* kOp = "convolution";

/// Writes one parameter's values to the last `rank` entries of `to`.
Status read_parameter(const char* name, std::span<const int64_t> values, int rank, int64_t least,
                      std::array<int64_t, 3>& to) {
  if (values.size() != 1 && values.size() != static_cast<size_t>(rank)) {
    return invalid_argument("{}: {} has {} values for {} spatial dimensions", kOp, name, values.size(), rank);
  }
  for (int i = 0; i < rank; ++i) {
    const int64_t value = values[values.size() == 1 ? 0 : static_cast<size_t>(i)];
    if (value < least || value > kLargestParameter) {
      return invalid_argument("{}: {} is {}, but must be between {} and {}", kOp, name, describe_shape(values), least,
                              kLargestParameter);
    }
    to[static_cast<size_t>(3 - rank + i)] = value;
  }
  return {};
}

/// The output's size in one dimension; nothing when it overflows or is below 1.
std::optional<int64_t> output_size(const ConvolutionShape& shape, size_t i, int64_t output_padding) {
  const CheckedSize window = CheckedSize(shape.dilation[i]) * (CheckedSize(shape.kernel[i]) - 1) + 1;
  const CheckedSize border = CheckedSize(shape.padding[i]) + shape.padding_behind[i];
  if (shape.transposed) {
    return ((CheckedSize(shape.input[i]) - 1) * shape.stride[i] + window + output_padding - border).as<int64_t>();
  }
  const auto room = (CheckedSize(shape.input[i]) + border - window).as<int64_t>();
  return room ? std::optional(*room / shape.stride[i] + 1) : std::nullopt;
}

Status read_output_sizes(const std::array<int64_t, 3>& output_padding, ConvolutionShape& shape) {
  for (size_t i = 3 - static_cast<size_t>(shape.spatial_rank); i < 3; ++i) {
    if (shape.kernel[i] < 1) return invalid_argument("{}: the weight's kernel has a size of 0", kOp);
    if (shape.input[i] < 1) return invalid_argument("{}: x has a spatial size of 0", kOp);
    const auto size = output_size(shape, i, output_padding[i]);
    if (!size || *size < 1) {
      return invalid_argument("{}: a kernel of {} with dilation {} does not fit x's size {} with padding {} and {}",
                              kOp, shape.kernel[i], shape.dilation[i], shape.input[i], shape.padding[i],
                              shape.padding_behind[i]);
    }
    shape.output[i] = *size;
  }
  return {};
}

Status read_padding(const ConvolutionParameters& parameters, ConvolutionShape& shape) {
  const auto rank = static_cast<size_t>(shape.spatial_rank);
  std::span<const int64_t> before = parameters.padding;
  std::span<const int64_t> behind = before;
  if (before.size() == 2 * rank && !parameters.transposed) {
    before = behind.first(rank);
    behind = behind.last(rank);
  }
  HEARTH_RETURN_IF_ERROR(read_parameter("padding", before, shape.spatial_rank, 0, shape.padding));
  return read_parameter("padding", behind, shape.spatial_rank, 0, shape.padding_behind);
}

Status read_parameters(const ConvolutionParameters& parameters, ConvolutionShape& shape) {
  const int rank = shape.spatial_rank;
  HEARTH_RETURN_IF_ERROR(read_parameter("stride", parameters.stride, rank, 1, shape.stride));
  HEARTH_RETURN_IF_ERROR(read_padding(parameters, shape));
  HEARTH_RETURN_IF_ERROR(read_parameter("dilation", parameters.dilation, rank, 1, shape.dilation));
  std::array<int64_t, 3> output_padding{};
  if (parameters.transposed && !parameters.output_padding.empty()) {
    HEARTH_RETURN_IF_ERROR(read_parameter("output_padding", parameters.output_padding, rank, 0, output_padding));
  }
  return read_output_sizes(output_padding, shape);
}

Status read_channels(const Tensor& x, const Tensor& weight, const ConvolutionParameters& parameters,
                     ConvolutionShape& shape) {
  shape.groups = parameters.groups;
  shape.transposed = parameters.transposed;
  shape.in_channels = x.size(1);
  if (shape.groups < 1 || shape.in_channels % shape.groups != 0 || weight.size(0) % shape.groups != 0) {
    return invalid_argument("{}: {} groups do not divide the channels of x {} and weight {}", kOp, shape.groups,
                            describe(x), describe(weight));
  }
  const int64_t expected = shape.transposed ? shape.in_channels : shape.group_in_channels();
  const int dimension = shape.transposed ? 0 : 1;
  if (weight.size(dimension) != expected) {
    return invalid_argument("{}: weight is {}, but its dimension {} must be {} to fit x {}", kOp, describe(weight),
                            dimension, expected, describe(x));
  }
  const CheckedSize channels =
      shape.transposed ? CheckedSize(weight.size(1)) * shape.groups : CheckedSize(weight.size(0));
  if (!channels.as<int64_t>()) return invalid_argument("{}: weight is {}, which is too large", kOp, describe(weight));
  shape.out_channels = *channels.as<int64_t>();
  return {};
}

Status check_epilogue(DType dtype, const Tensor& bias, const Tensor& residual, const ConvolutionShape& shape) {
  if (bias.defined()) {
    const bool wide = bias.dtype() == DType::kFloat32 && dtype_bits(dtype) == 16;
    if (!wide) HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "bias", bias, dtype));
    if (bias.rank() != 1 || bias.size(0) != shape.out_channels) {
      return invalid_argument("{}: bias is {}, but must be [{}]", kOp, describe(bias), shape.out_channels);
    }
  }
  if (!residual.defined()) return {};
  HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "residual", residual, dtype));
  const std::vector<int64_t> expected = shape.result_sizes();
  if (std::ranges::equal(residual.shape(), expected)) return {};
  return invalid_argument("{}: residual is {}, but must have the result's shape {}", kOp, describe(residual),
                          describe_shape(expected));
}

/// is_channels_last of a tensor; a 1-d one is seen as 2-d with height 1.
bool suggests_channels_last(const Tensor& tensor) {
  if (tensor.rank() != 3) return is_channels_last(tensor.shape(), tensor.strides());
  const std::array<int64_t, 4> sizes{tensor.size(0), tensor.size(1), 1, tensor.size(2)};
  const std::array<int64_t, 4> strides{tensor.stride(0), tensor.stride(1), tensor.size(2) * tensor.stride(2),
                                       tensor.stride(2)};
  return is_channels_last(sizes, strides);
}

/// at::native's ConvParams::use_mkldnn for float32; its other 3-d backend knows row-major only.
bool mkldnn_computes(const Tensor& x, const Tensor& weight, const ConvolutionShape& shape) {
  constexpr int64_t kSmall = 20480;
  return shape.groups > 1 || (weight.size(4) > 3 && weight.size(3) > 3) || x.size(0) > 1 ||
         x.size(0) * x.size(1) * x.size(2) * x.size(3) > kSmall;
}

bool result_is_channels_last(const Tensor& x, const Tensor& weight, const ConvolutionShape& shape) {
  if (shape.channels_last_result) return true;
  if (shape.spatial_rank == 3 && !mkldnn_computes(x, weight, shape)) return false;
  if (suggests_channels_last(weight)) return true;
  // PyTorch makes a 1-d input row-major before it looks.
  return (shape.spatial_rank != 1 || x.is_contiguous()) && suggests_channels_last(x);
}

}  // namespace

int64_t ConvolutionShape::input_position(int dimension, int64_t output_position, int64_t tap) const {
  const auto i = static_cast<size_t>(dimension);
  if (!transposed) {
    const int64_t position = output_position * stride[i] - padding[i] + tap * dilation[i];
    return position < input[i] ? std::max<int64_t>(position, -1) : -1;
  }
  const int64_t scaled = output_position + padding[i] - tap * dilation[i];
  if (scaled < 0 || scaled % stride[i] != 0 || scaled / stride[i] >= input[i]) return -1;
  return scaled / stride[i];
}

std::vector<int64_t> ConvolutionShape::result_sizes() const {
  std::vector<int64_t> sizes{batch, out_channels};
  sizes.insert(sizes.end(), output.end() - spatial_rank, output.end());
  return sizes;
}

Result<ConvolutionShape> convolution_shape(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                           const Tensor& residual, const ConvolutionParameters& parameters) {
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "x", x));
  HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "weight", weight, x.dtype()));
  HEARTH_ASSIGN_OR_RETURN(const ConvolutionShape shape, convolution_shape(x, weight, parameters));
  HEARTH_RETURN_IF_ERROR(check_epilogue(x.dtype(), bias, residual, shape));
  return shape;
}

Result<ConvolutionShape> convolution_shape(const Tensor& x, const Tensor& weight,
                                           const ConvolutionParameters& parameters) {
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "x", x));
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "weight", weight));
  if (x.rank() < 3 || x.rank() > 5) {
    return invalid_argument("{}: x is {}, but must be [N, C, spatial...] with 1 to 3 spatial dimensions", kOp,
                            describe(x));
  }
  if (weight.rank() != x.rank()) {
    return invalid_argument("{}: weight is {}, but must have {} dimensions like x", kOp, describe(weight), x.rank());
  }
  ConvolutionShape shape;
  shape.spatial_rank = x.rank() - 2;
  shape.channels_last_result = parameters.channels_last_result;
  shape.batch = x.size(0);
  for (int i = 0; i < shape.spatial_rank; ++i) {
    const auto to = static_cast<size_t>(3 - shape.spatial_rank + i);
    shape.input[to] = x.size(2 + i);
    shape.kernel[to] = weight.size(2 + i);
  }
  HEARTH_RETURN_IF_ERROR(read_channels(x, weight, parameters, shape));
  HEARTH_RETURN_IF_ERROR(read_parameters(parameters, shape));
  return shape;
}

ImageStrides image_strides(const Tensor& tensor) {
  ImageStrides strides{tensor.stride(0), tensor.stride(1)};
  const int spatial_rank = tensor.rank() - 2;
  for (int i = 0; i < spatial_rank; ++i) strides[static_cast<size_t>(5 - spatial_rank + i)] = tensor.stride(2 + i);
  return strides;
}

Result<Tensor> empty_convolution_result(MemoryPool& pool, DType dtype, const Tensor& x, const Tensor& weight,
                                        const ConvolutionShape& shape) {
  const std::vector<int64_t> sizes = shape.result_sizes();
  CheckedSize elements = 1;
  for (const int64_t size : sizes) elements *= std::max<int64_t>(size, 1);
  if (!elements_to_bytes(elements, dtype).as<ptrdiff_t>()) {
    return error(StatusCode::kOutOfMemory, "{}: a result of {} is larger than memory can be", kOp,
                 describe_shape(sizes));
  }
  if (result_is_channels_last(x, weight, shape)) return pool.empty_strided(dtype, sizes, channels_last_strides(sizes));
  return pool.empty(dtype, sizes);
}

}  // namespace hearth
