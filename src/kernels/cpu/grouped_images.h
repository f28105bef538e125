#pragma once

#include "kernels/cpu/images.h"
#include "kernels/cpu/result_sink.h"

namespace hearth {

/// Numbers of `dtype` that one element of a product holds: what fits four bytes.
inline int64_t group_size(DType dtype) { return 32 / dtype_bits(dtype); }

/// Images whose pixels are evenly spaced and have adjacent channels, as the rows of a result or residual.
struct EvenImages {
  Tensor tensor;
  int64_t pixel = 0;  ///< The step between pixels, in elements.

  /// Instances are groups of `channels`.
  RowsInMemory rows(int64_t channels, Affine affine = {}) const {
    return {static_cast<std::byte*>(tensor.data()), channels, pixel, tensor.dtype(), affine};
  }
};

/// Fresh ones of the sizes and dtype of `like` [N, C, spatial...] in pool memory.
Result<EvenImages> empty_even_images(const KernelContext& context, const Tensor& like);
/// `tensor` itself where it can be, else a copy.
Result<EvenImages> as_even_images(const KernelContext& context, const Tensor& tensor);
/// `tensor` itself where it can be, else fresh ones that copy_even_images() takes to it.
Result<EvenImages> as_even_result(const KernelContext& context, const Tensor& tensor);
/// Copies what empty_even_images() made to the tensor it is like; nothing where the two are the same.
void copy_even_images(ThreadTeam& team, const EvenImages& from, const Tensor& to);

/// `tensor` of bfloat16, int8 or uint8 as channels-last images of groups, each seen as one float: in place, or as a
/// copy whose last group is filled up with zeros.
Result<Images> grouped_images(const KernelContext& context, const Tensor& tensor);

}  // namespace hearth
