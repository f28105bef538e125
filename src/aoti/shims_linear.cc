// Matrix products.

#include <algorithm>
#include <array>
#include <string_view>

#include "aoti/abi.h"
#include "aoti/run_context.h"
#include "base/errors.h"
#include "kernels/adapter.h"
#include "kernels/block_linear.h"
#include "kernels/cuda/embedding.h"
#include "kernels/cuda/matmul.h"
#include "kernels/experts.h"
#include "kernels/linear.h"

using hearth::AotiError;
using hearth::AtenTensorHandle;
using hearth::output_of;
using hearth::Status;
using hearth::Tensor;
using hearth::tensor_of;

HEARTH_SHIM AotiError aoti_torch_cpu_mm_out(AtenTensorHandle out, AtenTensorHandle a, AtenTensorHandle b) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) {
    return (context.gpu ? hearth::gpu::matmul : hearth::matmul)(context, output_of(out), Tensor(), tensor_of(a),
                                                                tensor_of(b), 0, 1);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_addmm_out(AtenTensorHandle out, AtenTensorHandle self, AtenTensorHandle a,
                                               AtenTensorHandle b, double beta, double alpha) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) {
    return (context.gpu ? hearth::gpu::matmul : hearth::matmul)(context, output_of(out), tensor_of(self), tensor_of(a),
                                                                tensor_of(b), beta, alpha);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_bmm_out(AtenTensorHandle out, AtenTensorHandle a, AtenTensorHandle b) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) {
    return (context.gpu ? hearth::gpu::batched_matmul : hearth::batched_matmul)(context, output_of(out), Tensor(),
                                                                                tensor_of(a), tensor_of(b), 0, 1);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_baddbmm_out(AtenTensorHandle out, AtenTensorHandle self, AtenTensorHandle a,
                                                 AtenTensorHandle b, double beta, double alpha) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) {
    return (context.gpu ? hearth::gpu::batched_matmul : hearth::batched_matmul)(
        context, output_of(out), tensor_of(self), tensor_of(a), tensor_of(b), beta, alpha);
  });
}

/// beta * self + alpha * Σ_i a[i] · b[i].
HEARTH_SHIM AotiError aoti_torch_cpu_addbmm(AtenTensorHandle self, AtenTensorHandle a, AtenTensorHandle b, double beta,
                                            double alpha, AtenTensorHandle* result) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) {
    return hearth::return_tensor((context.gpu ? hearth::gpu::sum_of_matmuls : hearth::sum_of_matmuls)(
                                     context, tensor_of(self), tensor_of(a), tensor_of(b), beta, alpha),
                                 result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu__grouped_mm(AtenTensorHandle self, AtenTensorHandle mat2, AtenTensorHandle* offs,
                                                 AtenTensorHandle* bias, int32_t* out_dtype, AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) -> Status {
    const Tensor& x = tensor_of(self);
    if (tensor_of(bias).defined() || (out_dtype != nullptr && *out_dtype != static_cast<int32_t>(x.dtype()))) {
      return hearth::invalid_argument("a bias and a dtype of its own are not supported");
    }
    return hearth::return_tensor(hearth::grouped_matmul(context, x, tensor_of(mat2), tensor_of(offs)), result);
  });
}

/// beta * self + alpha * (matrix · vector): the product with a matrix of one column.
HEARTH_SHIM AotiError aoti_torch_cpu_addmv(AtenTensorHandle self, AtenTensorHandle matrix, AtenTensorHandle vector,
                                           double beta, double alpha, AtenTensorHandle* result) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) -> Status {
    const Tensor& a = tensor_of(matrix);
    const Tensor& x = tensor_of(vector);
    if (a.rank() != 2 || x.rank() != 1) {
      return hearth::invalid_argument("a matrix and a vector are needed, they are {} and {}", describe(a), describe(x));
    }
    const auto column = [](const Tensor& v) {
      return Tensor::view(v.storage(), v.dtype(), std::array{v.size(0), int64_t{1}},
                          std::array{v.stride(0), int64_t{1}}, v.offset());
    };
    HEARTH_ASSIGN_OR_RETURN(Tensor y, context.pool->empty(x.dtype(), std::array{a.size(0)}));
    HEARTH_ASSIGN_OR_RETURN(const Tensor out, column(y));
    HEARTH_ASSIGN_OR_RETURN(const Tensor b, column(x));
    Tensor bias = tensor_of(self);
    if (bias.rank() == 1) {
      HEARTH_ASSIGN_OR_RETURN(bias, column(bias));
    }
    HEARTH_RETURN_IF_ERROR((context.gpu ? hearth::gpu::matmul : hearth::matmul)(context, out, bias, a, b, beta, alpha));
    return hearth::return_tensor(std::move(y), result);
  });
}

namespace {

/// The format of a weight: none for a dense one, which "f32", "bf16" and "f16" say, else that of blocks.
hearth::Result<std::optional<hearth::BlockFormat>> parse_weight_format(std::string_view name) {
  constexpr std::array<std::string_view, 3> kDense{"f32", "bf16", "f16"};
  if (std::ranges::find(kDense, name) != kDense.end()) return std::optional<hearth::BlockFormat>();
  HEARTH_ASSIGN_OR_RETURN(const hearth::BlockFormat blocks, hearth::parse_block_format(name));
  return std::optional(blocks);
}

}  // namespace

HEARTH_SHIM AotiError aoti_torch_cpu_hearth_linear(AtenTensorHandle x, AtenTensorHandle weight, AtenTensorHandle* bias,
                                                   AtenTensorHandle* residual, const char* format, int64_t columns,
                                                   const char* activation, AtenTensorHandle* result) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) -> Status {
    HEARTH_ASSIGN_OR_RETURN(const hearth::Activation epilogue, hearth::parse_activation(activation));
    HEARTH_ASSIGN_OR_RETURN(const auto blocks, parse_weight_format(format));
    HEARTH_ASSIGN_OR_RETURN(const Tensor added,
                            hearth::with_adapter(context, tensor_of(x), tensor_of(weight), tensor_of(residual)));
    if (!blocks) {
      return hearth::return_tensor((context.gpu ? hearth::gpu::linear : hearth::linear)(
                                       context, tensor_of(x), tensor_of(weight), tensor_of(bias), added, epilogue),
                                   result);
    }
    if (context.gpu) return hearth::unavailable("weights in blocks have no kernel for GPUs");
    return hearth::return_tensor(hearth::block_linear(context, tensor_of(x), {tensor_of(weight), *blocks, columns},
                                                      tensor_of(bias), added, epilogue),
                                 result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_hearth_embedding(AtenTensorHandle ids, AtenTensorHandle weight, const char* format,
                                                      int64_t rows, int64_t depth, int32_t dtype,
                                                      AtenTensorHandle* result) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) -> Status {
    const auto embedding = context.gpu ? hearth::gpu::block_embedding : hearth::block_embedding;
    HEARTH_ASSIGN_OR_RETURN(const hearth::BlockFormat blocks, hearth::parse_block_format(format));
    if (!hearth::is_dtype(dtype)) return hearth::invalid_argument("dtype {} is not supported", dtype);
    return hearth::return_tensor(
        embedding(context, tensor_of(ids), {tensor_of(weight), blocks, rows}, depth, static_cast<hearth::DType>(dtype)),
        result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_hearth_moe(AtenTensorHandle x, AtenTensorHandle experts, AtenTensorHandle weight,
                                                AtenTensorHandle* bias, const char* format, int64_t columns,
                                                AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) -> Status {
    HEARTH_ASSIGN_OR_RETURN(const auto blocks, parse_weight_format(format));
    return hearth::return_tensor(hearth::experts_linear(context, tensor_of(x), tensor_of(experts),
                                                        {tensor_of(weight), blocks, columns}, tensor_of(bias)),
                                 result);
  });
}
