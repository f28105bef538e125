#pragma once

#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

/// copy_strided() wherever the two tensors lie. Copies of the same dtype and strides without gaps happen in the order
/// of the GPU's work, to the host when it is done; others go through the host.
Status copy_anywhere(const Tensor& to, const Tensor& from);

/// The same for a `to` of the same strides in memory that nothing else has: what lies between the elements is copied
/// too.
Status copy_with_gaps(const Tensor& to, const Tensor& from);

/// The tensor itself where it lies on the host, else a copy there with the same strides.
Result<Tensor> on_host_too(const Tensor& tensor);

/// fill_zero() wherever the tensor lies.
Status fill_zero_anywhere(const Tensor& tensor);

}  // namespace hearth
