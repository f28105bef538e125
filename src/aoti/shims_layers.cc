// Whole layers: bags of embeddings, norms, distances, and products that the linear kernels compute.

#include "aoti/shim_arguments.h"
#include "kernels/cuda/integer_matmul.h"
#include "kernels/distance.h"
#include "kernels/embedding.h"
#include "kernels/integer_matmul.h"
#include "kernels/normalization.h"

namespace hearth {
namespace {

struct BagResults {
  AtenTensorHandle* bags;
  AtenTensorHandle* bag_of_index;
  AtenTensorHandle* bag_sizes;
  AtenTensorHandle* maximum_indices;
};

AotiError compute_bags(const char* shim, AtenTensorHandle weight, AtenTensorHandle indices, AtenTensorHandle offsets,
                       int64_t mode, const AtenTensorHandle* per_sample_weights, int32_t include_last_offset,
                       int64_t padding_idx, const BagResults& results) {
  return guard_kernel(shim, [&](const KernelContext& context) -> Status {
    if (mode < 0 || mode > 2) return invalid_argument("mode {} is not 0 (sum), 1 (mean) or 2 (max)", mode);
    HEARTH_ASSIGN_OR_RETURN(EmbeddingBags bags, embedding_bag(context, tensor_of(weight), tensor_of(indices),
                                                              tensor_of(offsets), tensor_of(per_sample_weights),
                                                              {.mode = static_cast<EmbeddingBagParameters::Mode>(mode),
                                                               .include_last_offset = include_last_offset != 0,
                                                               .padding_index = padding_idx}));
    HEARTH_RETURN_IF_ERROR(return_tensor(std::move(bags.bags), results.bags));
    HEARTH_RETURN_IF_ERROR(return_tensor(std::move(bags.bag_of_index), results.bag_of_index));
    HEARTH_RETURN_IF_ERROR(return_tensor(std::move(bags.bag_sizes), results.bag_sizes));
    return return_tensor(std::move(bags.maximum_indices), results.maximum_indices);
  });
}

}  // namespace
}  // namespace hearth

using hearth::AotiError;
using hearth::AtenTensorHandle;
using hearth::output_of;
using hearth::tensor_of;

HEARTH_SHIM AotiError aoti_torch_cpu__embedding_bag(AtenTensorHandle weight, AtenTensorHandle indices,
                                                    AtenTensorHandle offsets, int32_t, int64_t mode, int32_t,
                                                    AtenTensorHandle* per_sample_weights, int32_t include_last_offset,
                                                    int64_t padding_idx, AtenTensorHandle* bags,
                                                    AtenTensorHandle* bag_of_index, AtenTensorHandle* bag_sizes,
                                                    AtenTensorHandle* maximum_indices) {
  return hearth::compute_bags(__func__, weight, indices, offsets, mode, per_sample_weights, include_last_offset,
                              padding_idx, {bags, bag_of_index, bag_sizes, maximum_indices});
}

HEARTH_SHIM AotiError aoti_torch_cpu__embedding_bag_forward_only(
    AtenTensorHandle weight, AtenTensorHandle indices, AtenTensorHandle offsets, int32_t, int64_t mode, int32_t,
    AtenTensorHandle* per_sample_weights, int32_t include_last_offset, int64_t padding_idx, AtenTensorHandle* bags,
    AtenTensorHandle* bag_of_index, AtenTensorHandle* bag_sizes, AtenTensorHandle* maximum_indices) {
  return hearth::compute_bags(__func__, weight, indices, offsets, mode, per_sample_weights, include_last_offset,
                              padding_idx, {bags, bag_of_index, bag_sizes, maximum_indices});
}

HEARTH_SHIM AotiError aoti_torch_cpu__fused_rms_norm(AtenTensorHandle input, const int64_t* normalized_shape,
                                                     int64_t normalized_shape_count, AtenTensorHandle* weight,
                                                     double* eps, AtenTensorHandle* result, AtenTensorHandle* factors) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return hearth::return_tensors(
        hearth::rms_norm(context, tensor_of(input), hearth::list_of(normalized_shape, normalized_shape_count),
                         tensor_of(weight), hearth::optional_of(eps)),
        result, factors);
  });
}

/// `compute_mode` chooses among ways that PyTorch has to the same result.
HEARTH_SHIM AotiError aoti_torch_cpu__cdist_forward(AtenTensorHandle x1, AtenTensorHandle x2, double p, int64_t*,
                                                    AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return hearth::return_tensor(hearth::pairwise_distances(context, tensor_of(x1), tensor_of(x2), p), result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu__int_mm_out(AtenTensorHandle out, AtenTensorHandle self, AtenTensorHandle mat2) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) {
    return (context.gpu ? hearth::gpu::integer_matmul : hearth::integer_matmul)(context, output_of(out),
                                                                                tensor_of(self), tensor_of(mat2));
  });
}
