// Random numbers. Generators, layouts, devices and pinned memory are accepted and ignored: all numbers come from the
// process's own sequence, all tensors are plain memory of this machine.

#include "aoti/shim_arguments.h"
#include "kernels/normalization.h"
#include "kernels/operands.h"
#include "kernels/random.h"

namespace hearth {
namespace {

struct Generator;

Result<Tensor> empty_of(const KernelContext& context, const int64_t* size, int64_t size_count, const int32_t* dtype,
                        DType default_dtype) {
  HEARTH_ASSIGN_OR_RETURN(const auto wanted, optional_dtype_of(dtype));
  return context.pool->empty(wanted.value_or(default_dtype), list_of(size, size_count));
}

Result<Tensor> empty_as(const KernelContext& context, AtenTensorHandle like, const int32_t* dtype) {
  const Tensor& tensor = tensor_of(like);
  HEARTH_RETURN_IF_ERROR(check_defined("random", "self", tensor));
  HEARTH_ASSIGN_OR_RETURN(const auto wanted, optional_dtype_of(dtype));
  return empty_like(*context.pool, tensor, wanted.value_or(tensor.dtype()));
}

/// Fills a tensor that `make(context)` returns by `fill(context, tensor)` and hands it out.
template <typename Make, typename Fill>
AotiError make_random(const char* shim, AtenTensorHandle* result, Make make, Fill fill) {
  return guard_kernel(shim, [&](const KernelContext& context) -> Status {
    HEARTH_ASSIGN_OR_RETURN(Tensor tensor, make(context));
    HEARTH_RETURN_IF_ERROR(fill(context, tensor));
    return return_tensor(std::move(tensor), result);
  });
}

Status fill_unit(const KernelContext& context, const Tensor& tensor) { return fill_uniform(context, tensor, 0, 1); }
Status fill_standard_normal(const KernelContext& context, const Tensor& tensor) {
  return fill_normal(context, tensor, 0, 1);
}

}  // namespace
}  // namespace hearth

using hearth::AotiError;
using hearth::AtenTensorHandle;
using hearth::DType;
using hearth::Generator;
using hearth::make_random;
using hearth::Tensor;
using hearth::tensor_of;

// The options that every factory function ends in.
#define HEARTH_OPTIONS int32_t *dtype, int32_t *, int32_t *, int32_t, int32_t *

#define HEARTH_RANDOM(name, fill)                                                                                  \
  HEARTH_SHIM AotiError aoti_torch_cpu_##name(const int64_t* size, int64_t count, HEARTH_OPTIONS,                  \
                                              AtenTensorHandle* result) {                                          \
    return make_random(                                                                                            \
        __func__, result, [&](const auto& c) { return hearth::empty_of(c, size, count, dtype, DType::kFloat32); }, \
        hearth::fill);                                                                                             \
  }                                                                                                                \
  HEARTH_SHIM AotiError aoti_torch_cpu_##name##_generator(const int64_t* size, int64_t count, Generator**,         \
                                                          HEARTH_OPTIONS, AtenTensorHandle* result) {              \
    return make_random(                                                                                            \
        __func__, result, [&](const auto& c) { return hearth::empty_of(c, size, count, dtype, DType::kFloat32); }, \
        hearth::fill);                                                                                             \
  }                                                                                                                \
  HEARTH_SHIM AotiError aoti_torch_cpu_##name##_like(AtenTensorHandle self, HEARTH_OPTIONS, int32_t*,              \
                                                     AtenTensorHandle* result) {                                   \
    return make_random(                                                                                            \
        __func__, result, [&](const auto& c) { return hearth::empty_as(c, self, dtype); }, hearth::fill);          \
  }                                                                                                                \
  HEARTH_SHIM AotiError aoti_torch_cpu_##name##_like_generator(AtenTensorHandle self, Generator**, HEARTH_OPTIONS, \
                                                               int32_t*, AtenTensorHandle* result) {               \
    return make_random(                                                                                            \
        __func__, result, [&](const auto& c) { return hearth::empty_as(c, self, dtype); }, hearth::fill);          \
  }

HEARTH_RANDOM(rand, fill_unit)
HEARTH_RANDOM(randn, fill_standard_normal)

HEARTH_SHIM AotiError aoti_torch_cpu_randint(int64_t high, const int64_t* size, int64_t count, HEARTH_OPTIONS,
                                             AtenTensorHandle* result) {
  return make_random(
      __func__, result, [&](const auto& c) { return hearth::empty_of(c, size, count, dtype, DType::kInt64); },
      [&](const auto& c, const Tensor& tensor) { return hearth::fill_integers(c, tensor, 0, high); });
}

HEARTH_SHIM AotiError aoti_torch_cpu_randint_generator(int64_t high, const int64_t* size, int64_t count, Generator**,
                                                       HEARTH_OPTIONS, AtenTensorHandle* result) {
  return make_random(
      __func__, result, [&](const auto& c) { return hearth::empty_of(c, size, count, dtype, DType::kInt64); },
      [&](const auto& c, const Tensor& tensor) { return hearth::fill_integers(c, tensor, 0, high); });
}

HEARTH_SHIM AotiError aoti_torch_cpu_randint_low(int64_t low, int64_t high, const int64_t* size, int64_t count,
                                                 HEARTH_OPTIONS, AtenTensorHandle* result) {
  return make_random(
      __func__, result, [&](const auto& c) { return hearth::empty_of(c, size, count, dtype, DType::kInt64); },
      [&](const auto& c, const Tensor& tensor) { return hearth::fill_integers(c, tensor, low, high); });
}

HEARTH_SHIM AotiError aoti_torch_cpu_randint_like(AtenTensorHandle self, int64_t high, HEARTH_OPTIONS, int32_t*,
                                                  AtenTensorHandle* result) {
  return make_random(
      __func__, result, [&](const auto& c) { return hearth::empty_as(c, self, dtype); },
      [&](const auto& c, const Tensor& tensor) { return hearth::fill_integers(c, tensor, 0, high); });
}

HEARTH_SHIM AotiError aoti_torch_cpu_randint_like_low_dtype(AtenTensorHandle self, int64_t low, int64_t high,
                                                            HEARTH_OPTIONS, int32_t*, AtenTensorHandle* result) {
  return make_random(
      __func__, result, [&](const auto& c) { return hearth::empty_as(c, self, dtype); },
      [&](const auto& c, const Tensor& tensor) { return hearth::fill_integers(c, tensor, low, high); });
}

/// Generated code draws its seeds with it. `out` has the size already.
HEARTH_SHIM AotiError aoti_torch_cpu_randint_low_out(AtenTensorHandle out, int64_t low, int64_t high, const int64_t*,
                                                     int64_t) {
  return hearth::guard_kernel(
      __func__, [&](const auto& context) { return hearth::fill_integers(context, output_of(out), low, high); });
}

HEARTH_SHIM AotiError aoti_torch_cpu_randperm(int64_t n, HEARTH_OPTIONS, AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) -> hearth::Status {
    HEARTH_ASSIGN_OR_RETURN(const auto wanted, hearth::optional_dtype_of(dtype));
    return hearth::return_tensor(hearth::random_permutation(context, n, wanted.value_or(DType::kInt64)), result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_uniform(AtenTensorHandle self, double from, double to, Generator**,
                                             AtenTensorHandle* result) {
  return make_random(
      __func__, result, [&](const auto& c) { return hearth::empty_as(c, self, nullptr); },
      [&](const auto& c, const Tensor& tensor) { return hearth::fill_uniform(c, tensor, from, to); });
}

HEARTH_SHIM AotiError aoti_torch_cpu_normal_functional(AtenTensorHandle self, double mean, double std, Generator**,
                                                       AtenTensorHandle* result) {
  return make_random(
      __func__, result, [&](const auto& c) { return hearth::empty_as(c, self, nullptr); },
      [&](const auto& c, const Tensor& tensor) { return hearth::fill_normal(c, tensor, mean, std); });
}

HEARTH_SHIM AotiError aoti_torch_cpu_exponential(AtenTensorHandle self, double lambd, Generator**,
                                                 AtenTensorHandle* result) {
  return make_random(
      __func__, result, [&](const auto& c) { return hearth::empty_as(c, self, nullptr); },
      [&](const auto& c, const Tensor& tensor) { return hearth::fill_exponential(c, tensor, lambd); });
}

HEARTH_SHIM AotiError aoti_torch_cpu_bernoulli__float(AtenTensorHandle self, double p, Generator**) {
  return hearth::guard_kernel(__func__,
                              [&](const auto& context) { return hearth::fill_bernoulli(context, output_of(self), p); });
}

HEARTH_SHIM AotiError aoti_torch_cpu_bernoulli__Tensor(AtenTensorHandle self, AtenTensorHandle p, Generator**) {
  return hearth::guard_kernel(
      __func__, [&](const auto& context) { return hearth::fill_bernoulli(context, output_of(self), tensor_of(p)); });
}

/// Only a `train` that is given and false turns it off.
HEARTH_SHIM AotiError aoti_torch_cpu_native_dropout(AtenTensorHandle input, double p, int32_t* train,
                                                    AtenTensorHandle* result, AtenTensorHandle* mask) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    const double probability = train != nullptr && *train == 0 ? 0 : p;
    return hearth::return_tensors(hearth::dropout(context, tensor_of(input), probability), result, mask);
  });
}
