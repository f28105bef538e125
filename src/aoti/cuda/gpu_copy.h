#pragma once

#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

/// copy_strided() wherever the two tensors lie. Between tensors of which one lies on a GPU, dtypes and strides have to
/// be the same, and the elements without gaps: kUnavailable otherwise. A copy to the host waits for the GPU's work; all
/// others happen in its order.
Status copy_anywhere(const Tensor& to, const Tensor& from);

/// The same for a `to` of the same strides in memory that nothing else has: what lies between the elements is copied
/// too.
Status copy_with_gaps(const Tensor& to, const Tensor& from);

/// fill_zero() wherever the tensor lies; on a GPU without gaps only: kUnavailable otherwise.
Status fill_zero_anywhere(const Tensor& tensor);

}  // namespace hearth
