#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "hal/memory_pool.h"
#include "hearth/tensor.h"

namespace hearth {

/// Sizes or strides, one for each dimension.
using Dimensions = std::vector<int64_t>;

inline Dimensions to_dimensions(std::span<const int64_t> values) { return {values.begin(), values.end()}; }

/// kInvalidArgument, naming `operand` of `op`, unless the tensor is defined.
Status check_defined(std::string_view op, std::string_view operand, const Tensor& tensor);
/// The same for a tensor whose dtype must be `dtype`.
Status check_dtype(std::string_view op, std::string_view operand, const Tensor& tensor, DType dtype);
/// The same for two tensors whose shapes must be equal.
Status check_shape(std::string_view op, std::string_view operand, const Tensor& tensor, std::span<const int64_t> shape);

/// `dimension` of a tensor of rank `rank`, negative ones counted from the end. A scalar has one dimension, number 0.
/// kInvalidArgument outside of that.
Result<int> wrap_dimension(std::string_view op, int64_t dimension, int rank);

/// The shape that both broadcast to. kInvalidArgument when they do not fit.
Result<Dimensions> broadcast_shapes(std::string_view op, std::span<const int64_t> a, std::span<const int64_t> b);
/// A view of `tensor` broadcast to `shape`: stride 0 where it repeats. kInvalidArgument names `operand`.
Result<Tensor> expand(std::string_view op, std::string_view operand, const Tensor& tensor,
                      std::span<const int64_t> shape);
/// A view of the same storage.
Result<Tensor> view_of(const Tensor& tensor, std::span<const int64_t> shape, std::span<const int64_t> strides,
                       int64_t offset);
/// A scalar seen as one dimension of size 1; others as they are.
Tensor at_least_1d(const Tensor& tensor);

/// True when strides mean channels-last to PyTorch (c10::is_channels_last_strides_2d_s4 and _3d_s5): sizes are
/// [N, C, spatial...]. Which sizes of 1 it lets pass is visible in results, so its quirks are kept.
bool is_channels_last(std::span<const int64_t> sizes, std::span<const int64_t> strides);
/// Channels-last strides of [N, C, spatial...] without gaps.
Dimensions channels_last_strides(std::span<const int64_t> shape);

/// The strides of a result of `shape` that PyTorch's elementwise loop (at::TensorIterator) computes from operands with
/// these strides, already broadcast: dense, its order of dimensions follows the first operands that decide it.
/// `element_sizes` are the operands' in bytes.
Dimensions elementwise_strides(std::span<const int64_t> shape, std::span<const std::span<const int64_t>> strides,
                               std::span<const int64_t> element_sizes);
/// A fresh tensor of `shape` like `operands`, which broadcast to it: elementwise_strides.
Result<Tensor> empty_elementwise(MemoryPool& pool, DType dtype, std::span<const int64_t> shape,
                                 std::span<const Tensor> operands);
/// A fresh tensor of another dtype in tensor's shape, strides as torch.empty_like chooses them: the same when dense,
/// else dense in the same order.
Result<Tensor> empty_like(MemoryPool& pool, const Tensor& tensor, DType dtype);

/// A row-major copy of `tensor` in `dtype`.
Result<Tensor> row_major_as(MemoryPool& pool, const Tensor& tensor, DType dtype);
/// A copy with the strides of empty_like.
Result<Tensor> clone(MemoryPool& pool, const Tensor& tensor);

}  // namespace hearth
