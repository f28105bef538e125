#include "kernels/cuda/convolution_product.h"

#include <algorithm>

#include "kernels/cuda/channels_last.h"
#include "kernels/cuda/convolution_filters.h"
#include "kernels/cuda/convolution_plan.h"
#include "kernels/cuda/launch.h"

namespace hearth::gpu {
namespace {

constexpr int64_t kMostPhases = 64;
constexpr int64_t kFewestGroupOutputs = 16;
constexpr int64_t kMostBlocks = 65535;  // In the second and third direction.
constexpr int64_t kSumThreads = 256;

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

int64_t numbers_in(int bytes, DType dtype) { return bytes * 8 / dtype_bits(dtype); }

/// x as cp.async can copy it, and what keeps its memory.
struct PieceImages {
  Tensor owner;
  Images images;
};

Result<PieceImages> images_in_pieces(const KernelContext& context, const ConvolutionOperands& operands) {
  const Images images = images_of(operands.x, operands.shape.input);
  const int64_t numbers = numbers_in(kPieceBytes, images.dtype);
  if (images.sizes[1] % numbers == 0 && channels_lie_in(numbers, images.data, images.dtype, images.strides)) {
    return PieceImages{operands.x, images};
  }
  HEARTH_ASSIGN_OR_RETURN(const Tensor copy, dense_channels_last(context, images, numbers));
  const int64_t channels = copy.size(4);
  return PieceImages{copy,
                     {copy.data(),
                      images.dtype,
                      {copy.size(0), channels, copy.size(1), copy.size(2), copy.size(3)},
                      {copy.stride(0), 1, copy.stride(1), copy.stride(2), copy.stride(3)}}};
}

/// The phase's filters: [output channels, input channels of a group, taps...].
Images filters_of(const ConvolutionOperands& operands, const ConvolutionPhase& phase) {
  const ConvolutionShape& shape = operands.shape;
  Images filters = images_of(operands.weight, shape.kernel);
  if (shape.transposed) {
    std::swap(filters.sizes[0], filters.sizes[1]);
    std::swap(filters.strides[0], filters.strides[1]);
  }
  int64_t offset = 0;
  for (size_t i = 0; i < 3; ++i) {
    offset += phase[i].first_tap * filters.strides[2 + i];
    filters.sizes[2 + i] = phase[i].taps;
    filters.strides[2 + i] *= phase[i].tap_stride;
  }
  filters.data = static_cast<const std::byte*>(filters.data) + offset * dtype_bits(filters.dtype) / 8;
  filters.strides = meaningful_strides(filters.sizes, filters.strides);
  return filters;
}

std::string name_of(const ConvolutionShape& shape, const ConvolutionPhase& phase) {
  std::string name = shape.transposed ? "filters of a transposed convolution for GPUs" : "filters for GPUs";
  for (const AxisPhase& axis : phase) name += fmt::format(", {} by {}", axis.first_tap, axis.tap_stride);
  return name;
}

ConvolutionProduct product_of(const ConvolutionShape& shape, const ConvolutionPhase& phase, const Images& images,
                              const ResultPlace& place) {
  ConvolutionProduct product{};
  product.window = window_of(shape, phase);
  product.result = place.parameters;
  product.x_strides[0] = images.strides[0];
  for (size_t i = 0; i < 3; ++i) {
    product.x_strides[1 + i] = images.strides[2 + i];
    product.tap_strides[i] = phase[i].tap_step * images.strides[2 + i];
  }
  product.channels = static_cast<int32_t>(images.sizes[1] / shape.groups);
  product.columns = static_cast<int32_t>(shape.group_out_channels());
  product.depth = product.channels * product.window.kernel[0] * product.window.kernel[1] * product.window.kernel[2];
  // Device code divides by these, also where no tap meets an output.
  if (product.depth == 0) std::ranges::fill(product.window.kernel, 1);
  return product;
}

/// What the kernels of a phase are given, whatever the dtype.
struct PhaseLaunch {
  const GpuWork& gpu;
  const ConvolutionProduct& product;
  const ConvolutionTile& tile;
  const ResultPlace& place;
  const Images& images;
  const void* filters;
  void* partial;  ///< Null unless the depth is split.

  std::string family() const { return fmt::format("convolution_{}", dtype_name(images.dtype)); }
  std::string function() const { return fmt::format("convolution_{}x{}", tile.rows, tile.columns); }
  LaunchShape shape() const {
    const int64_t groups = product.result.channels / product.columns;
    return {.grid = {static_cast<uint32_t>(divide_up(product.result.rows, tile.rows)),
                     static_cast<uint32_t>(divide_up(product.columns, tile.columns)),
                     static_cast<uint32_t>(groups * product.splits)},
            .block = {static_cast<uint32_t>(tile.threads)},
            .shared_bytes = static_cast<uint32_t>(shared_bytes(tile))};
  }
  LaunchShape sums_shape() const {
    const int64_t results = int64_t{product.result.rows} * product.result.channels;
    return {.grid = {static_cast<uint32_t>(divide_up(results, kSumThreads))}, .block = {kSumThreads}};
  }
};

Status launch_phase(const PhaseLaunch& phase) {
  const ResultPlace& place = phase.place;
  HEARTH_RETURN_IF_ERROR(launch(phase.gpu, phase.family(), phase.function(), phase.shape(), place.y, phase.partial,
                                phase.images.data, phase.filters, place.bias, place.residual, phase.product));
  if (phase.product.splits == 1) return {};
  return launch(phase.gpu, phase.family(), "add_splits", phase.sums_shape(), place.y, phase.partial, place.bias,
                place.residual, phase.product);
}

Status launch_phase(const PhaseLaunch& phase, const QuantizedLayer& layer) {
  const ResultPlace& place = phase.place;
  const void* scales = layer.scales.data();
  const ByteFinish finish = byte_finish(layer);
  HEARTH_RETURN_IF_ERROR(launch(phase.gpu, phase.family(), phase.function(), phase.shape(), place.y, phase.partial,
                                phase.images.data, phase.filters, scales, place.bias, place.residual, phase.product,
                                finish));
  if (phase.product.splits == 1) return {};
  return launch(phase.gpu, phase.family(), "add_splits", phase.sums_shape(), place.y, phase.partial, scales, place.bias,
                place.residual, phase.product, finish);
}

/// The tile of the plan for windows of `dtype`.
const ConvolutionTile& tile_of(const ProductPlan& plan, DType dtype) {
  const bool is_large = plan.tile == kLargeFloat32Tile && dtype != DType::kFloat32;
  return kConvolutionTiles[is_large ? kLargeTensorCoreTile : plan.tile];
}

Status convolve_phase(const KernelContext& context, const ConvolutionOperands& operands, const ConvolutionPhase& phase,
                      const Images& images) {
  const ConvolutionShape& shape = operands.shape;
  const ResultPlace place = result_place(operands, phase);
  ConvolutionProduct product = product_of(shape, phase, images, place);
  PackedFilters filters;
  if (product.depth > 0) {
    HEARTH_ASSIGN_OR_RETURN(filters, packed_filters(context, operands.weight, filters_of(operands, phase),
                                                    numbers_in(kPieceBytes, images.dtype), name_of(shape, phase)));
  }
  const ProductPlan plan = plan_product(product.result.rows, product.columns, shape.groups,
                                        divide_up(product.depth, numbers_in(kSliceBytes, images.dtype)),
                                        context.gpu->device->properties().compute_units);
  product.slices = static_cast<int32_t>(plan.slices);
  product.splits = static_cast<int32_t>(plan.splits);
  if (operands.layer != nullptr) product.x_zero = operands.layer->x_zero;
  Tensor partial;
  if (plan.splits > 1) {
    // Sums of bytes are int32.
    const std::array<int64_t, 3> sizes{plan.splits, product.result.rows, product.result.channels};
    HEARTH_ASSIGN_OR_RETURN(partial, context.pool->empty(DType::kFloat32, sizes));
  }
  const PhaseLaunch launch{*context.gpu, product,       tile_of(plan, images.dtype), place, images,
                           filters.data, partial.data()};
  return operands.layer == nullptr ? launch_phase(launch) : launch_phase(launch, *operands.layer);
}

}  // namespace

bool is_product(const ConvolutionShape& shape, DType dtype) {
  const int64_t numbers = numbers_in(kPieceBytes, dtype);
  const int64_t channels = divide_up(shape.group_in_channels(), numbers) * numbers;
  if (channels == 0 || channels > (int64_t{1} << 30) / shape.taps()) return false;
  if (divide_up(shape.group_out_channels(), kConvolutionTiles[0].columns) > kMostBlocks) return false;
  if (convolution_phases(shape, kMostPhases).empty()) return false;
  if (shape.groups == 1) return true;
  // A plan's splits are at most as many as there are processors for each group.
  return !shape.transposed && shape.group_in_channels() % numbers == 0 &&
         shape.group_out_channels() >= kFewestGroupOutputs && shape.groups <= kMostBlocks;
}

Status convolve_as_products(const KernelContext& context, const ConvolutionOperands& operands) {
  HEARTH_ASSIGN_OR_RETURN(const PieceImages x, images_in_pieces(context, operands));
  for (const ConvolutionPhase& phase : convolution_phases(operands.shape, kMostPhases)) {
    HEARTH_RETURN_IF_ERROR(convolve_phase(context, operands, phase, x.images));
  }
  return {};
}

}  // namespace hearth::gpu
