#include "kernels/cuda/convolution_filters.h"

#include "base/errors.h"

namespace hearth::gpu {

Result<PackedFilters> packed_filters(const KernelContext& context, const Tensor& weight, const Images& filters,
                                     int64_t multiple, const std::string& name) {
  if (are_dense_channels_last(filters, multiple)) return PackedFilters{weight, filters.data};
  if (!weight.storage()->is_constant()) {
    HEARTH_ASSIGN_OR_RETURN(Tensor packed, dense_channels_last(context, filters, multiple));
    return PackedFilters{packed, packed.data()};
  }
  const auto pack = [&](const Tensor&) -> Result<Tensor> {
    HEARTH_ASSIGN_OR_RETURN(Tensor packed, dense_channels_last(context, filters, multiple));
    // Other streams use it, too.
    HEARTH_RETURN_IF_ERROR(context.gpu->stream->synchronize());
    return packed;
  };
  HEARTH_ASSIGN_OR_RETURN(const Tensor packed, context.packed->get(weight, name, pack));
  return PackedFilters{packed, packed.data()};
}

}  // namespace hearth::gpu
