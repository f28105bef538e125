// Shims of products in a run on a GPU: which of them the GPU computes.

#include <functional>

#include "aoti/abi.h"
#include "kernels/tensor_literals.h"
#include "kernels/testing/gpu_run.h"

using hearth::AotiError;
using hearth::AtenTensorHandle;

extern "C" {
AotiError aoti_torch_cpu_mm_out(AtenTensorHandle, AtenTensorHandle, AtenTensorHandle);
AotiError aoti_torch_cpu_addmm_out(AtenTensorHandle, AtenTensorHandle, AtenTensorHandle, AtenTensorHandle, double,
                                   double);
AotiError aoti_torch_cpu_bmm_out(AtenTensorHandle, AtenTensorHandle, AtenTensorHandle);
AotiError aoti_torch_cpu_baddbmm_out(AtenTensorHandle, AtenTensorHandle, AtenTensorHandle, AtenTensorHandle, double,
                                     double);
AotiError aoti_torch_cpu_addbmm(AtenTensorHandle, AtenTensorHandle, AtenTensorHandle, double, double,
                                AtenTensorHandle*);
AotiError aoti_torch_cpu_addmv(AtenTensorHandle, AtenTensorHandle, AtenTensorHandle, double, double, AtenTensorHandle*);
AotiError aoti_torch_cpu__int_mm_out(AtenTensorHandle, AtenTensorHandle, AtenTensorHandle);
AotiError aoti_torch_cpu_hearth_linear(AtenTensorHandle, AtenTensorHandle, AtenTensorHandle*, AtenTensorHandle*,
                                       const char*, int64_t, const char*, AtenTensorHandle*);
AotiError aoti_torch_cpu_hearth_quantized_linear(AtenTensorHandle, int64_t, AtenTensorHandle, AtenTensorHandle,
                                                 AtenTensorHandle*, AtenTensorHandle*, double, int64_t, double*,
                                                 int64_t, const char*, AtenTensorHandle*);
}

namespace hearth {
namespace {

using Handles = std::vector<AtenTensorHandle>;

struct Case {
  const char* name;
  std::vector<Tensor> operands;
  /// Null: the first operand is the result.
  std::function<AotiError(Handles&, AtenTensorHandle* result)> call;
  bool on_gpu = true;
};

std::vector<Case> cases() {
  const auto numbers = [](std::vector<int64_t> shape) { return counting<float>(std::move(shape)); };
  const auto wide = [](std::vector<int64_t> shape) { return counting<double>(std::move(shape)); };
  return {
      {"mm",
       {numbers({2, 4}), numbers({2, 3}), numbers({3, 4})},
       [](Handles& h, AtenTensorHandle*) { return aoti_torch_cpu_mm_out(h[0], h[1], h[2]); }},
      {"mm of float64",
       {wide({2, 4}), wide({2, 3}), wide({3, 4})},
       [](Handles& h, AtenTensorHandle*) { return aoti_torch_cpu_mm_out(h[0], h[1], h[2]); },
       false},
      {"addmm",
       {numbers({2, 4}), numbers({4}), numbers({2, 3}), numbers({3, 4})},
       [](Handles& h, AtenTensorHandle*) { return aoti_torch_cpu_addmm_out(h[0], h[1], h[2], h[3], 2, 3); }},
      {"bmm",
       {numbers({2, 2, 4}), numbers({2, 2, 3}), numbers({2, 3, 4})},
       [](Handles& h, AtenTensorHandle*) { return aoti_torch_cpu_bmm_out(h[0], h[1], h[2]); }},
      {"baddbmm",
       {numbers({2, 2, 4}), numbers({2, 1}), numbers({2, 2, 3}), numbers({2, 3, 4})},
       [](Handles& h, AtenTensorHandle*) { return aoti_torch_cpu_baddbmm_out(h[0], h[1], h[2], h[3], 2, 3); }},
      {"addbmm",
       {numbers({4}), numbers({2, 2, 3}), numbers({2, 3, 4})},
       [](Handles& h, AtenTensorHandle* result) { return aoti_torch_cpu_addbmm(h[0], h[1], h[2], 2, 3, result); }},
      {"addmv",
       {numbers({2}), numbers({2, 3}), numbers({3})},
       [](Handles& h, AtenTensorHandle* result) { return aoti_torch_cpu_addmv(h[0], h[1], h[2], 2, 3, result); }},
      {"_int_mm",
       {counting<int32_t>({2, 4}), counting<int8_t>({2, 3}), counting<int8_t>({3, 4})},
       [](Handles& h, AtenTensorHandle*) { return aoti_torch_cpu__int_mm_out(h[0], h[1], h[2]); }},
      {"hearth_linear",
       {numbers({2, 3}), numbers({4, 3}), numbers({4}), numbers({2, 4})},
       [](Handles& h, AtenTensorHandle* result) {
         return aoti_torch_cpu_hearth_linear(h[0], h[1], &h[2], &h[3], "f32", 4, "relu6", result);
       }},
      {"hearth_quantized_linear",
       {counting<uint8_t>({2, 3}), counting<int8_t>({4, 3}), numbers({4}), numbers({4})},
       [](Handles& h, AtenTensorHandle* result) {
         double scale = 0.5;
         return aoti_torch_cpu_hearth_quantized_linear(h[0], 2, h[1], h[2], &h[3], nullptr, 1, 0, &scale, 7, "none",
                                                       result);
       }},
  };
}

/// The result of a shim, whose operands lie where the run's memory is.
Tensor computed(const KernelContext& context, const Case& c, const std::vector<Tensor>& operands) {
  const ScopedKernelContext scope(context);
  Handles handles;
  for (const Tensor& operand : operands) handles.push_back(new_handle(operand));
  AtenTensorHandle result = nullptr;
  EXPECT_EQ(c.call(handles, &result), kAotiSuccess) << take_shim_error();
  const Tensor made = tensor_of(result != nullptr ? result : handles[0]);
  delete_handle(result);
  for (AtenTensorHandle handle : handles) delete_handle(handle);
  return made;
}

TEST(LinearShims, ComputeProductsOnTheGpu) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    const std::unique_ptr<GpuRun> run = GpuRun::open();
    if (run == nullptr) GTEST_SKIP() << "there is no code for GPUs";
    TestContext host(1);
    std::vector<Tensor> on_gpu;
    for (const Tensor& operand : c.operands) on_gpu.push_back(run->on_gpu(operand));
    const Tensor made = computed(run->context(), c, on_gpu);
    ASSERT_TRUE(made.defined());
    EXPECT_NE(made.storage()->memory(), MemoryKind::kHost);
    EXPECT_EQ(run->gpu().host_pool->statistics().device_allocations == 0, c.on_gpu);
    const Tensor expected = computed(host.get(), c, c.operands);
    EXPECT_EQ(elements(in_dtype(run->on_host(made), DType::kFloat32)), elements(in_dtype(expected, DType::kFloat32)));
  }
}

}  // namespace
}  // namespace hearth
