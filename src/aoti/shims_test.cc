// What shims do with arguments that no tensor has. What they compute is tested with the kernels.

#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "aoti/abi.h"
#include "kernels/tensor_literals.h"

using hearth::AotiError;
using hearth::AtenTensorHandle;

extern "C" {
AotiError aoti_torch_delete_tensor_object(AtenTensorHandle);
AotiError aoti_torch_new_tensor_handle(AtenTensorHandle, AtenTensorHandle*);
AotiError aoti_torch_new_uninitialized_tensor(AtenTensorHandle*);
AotiError aoti_torch_get_data_ptr(AtenTensorHandle, void**);
AotiError aoti_torch_get_storage_size(AtenTensorHandle, int64_t*);
AotiError aoti_torch_get_storage_numel(AtenTensorHandle, int64_t*);
AotiError aoti_torch_get_storage_offset(AtenTensorHandle, int64_t*);
AotiError aoti_torch_get_dim(AtenTensorHandle, int64_t*);
AotiError aoti_torch_get_numel(AtenTensorHandle, int64_t*);
AotiError aoti_torch_get_size(AtenTensorHandle, int64_t, int64_t*);
AotiError aoti_torch_get_stride(AtenTensorHandle, int64_t, int64_t*);
AotiError aoti_torch_get_dtype(AtenTensorHandle, int32_t*);
AotiError aoti_torch_is_defined(AtenTensorHandle, bool*);
AotiError aoti_torch_is_contiguous(AtenTensorHandle, bool*);
AotiError aoti_torch__reinterpret_tensor(AtenTensorHandle, int64_t, const int64_t*, const int64_t*, int64_t,
                                         AtenTensorHandle*);
AotiError aoti_torch_as_strided(AtenTensorHandle, const int64_t*, const int64_t*, AtenTensorHandle*);
AotiError aoti_torch__alloc_from_pool(AtenTensorHandle, int64_t, int32_t, int64_t, const int64_t*, const int64_t*,
                                      AtenTensorHandle*);
AotiError aoti_torch_assign_tensors(AtenTensorHandle, AtenTensorHandle);
AotiError aoti_torch_empty_strided(int64_t, const int64_t*, const int64_t*, int32_t, int32_t, int32_t,
                                   AtenTensorHandle*);
AotiError aoti_torch_create_tensor_from_blob(void*, int64_t, const int64_t*, const int64_t*, int64_t, int32_t, int32_t,
                                             int32_t, AtenTensorHandle*);
AotiError aoti_torch_create_tensor_from_blob_v2(void*, int64_t, const int64_t*, const int64_t*, int64_t, int32_t,
                                                int32_t, int32_t, AtenTensorHandle*, int32_t, const uint8_t*, int64_t);
AotiError aoti_torch_clone(AtenTensorHandle, AtenTensorHandle*);
AotiError aoti_torch_copy_(AtenTensorHandle, AtenTensorHandle, int32_t);
AotiError aoti_torch_zero_(AtenTensorHandle);
AotiError aoti_torch_item_float32(AtenTensorHandle, float*);
AotiError aoti_torch_item_int64(AtenTensorHandle, int64_t*);
AotiError aoti_torch_proxy_executor_call_function(void*, int, int, int64_t*, int, AtenTensorHandle*);
AotiError aoti_torch_call_dispatcher(const char*, const char*, uint64_t*);
size_t aoti_torch_dtype_element_size(int32_t);
AotiError aoti_torch_cpu_mm_out(AtenTensorHandle, AtenTensorHandle, AtenTensorHandle);
AotiError aoti_torch_cpu_addmm_out(AtenTensorHandle, AtenTensorHandle, AtenTensorHandle, AtenTensorHandle, double,
                                   double);
AotiError aoti_torch_cpu_convolution(AtenTensorHandle, AtenTensorHandle, AtenTensorHandle*, const int64_t*, int64_t,
                                     const int64_t*, int64_t, const int64_t*, int64_t, int32_t, const int64_t*, int64_t,
                                     int64_t, AtenTensorHandle*);
AotiError aoti_torch_cpu_cat(const AtenTensorHandle*, int64_t, int64_t, AtenTensorHandle*);
AotiError aoti_torch_cpu_permute(AtenTensorHandle, const int64_t*, int64_t, AtenTensorHandle*);
AotiError aoti_torch_cpu_narrow(AtenTensorHandle, int64_t, int64_t, int64_t, AtenTensorHandle*);
AotiError aoti_torch_cpu_squeeze_dim(AtenTensorHandle, int64_t, AtenTensorHandle*);
AotiError aoti_torch_cpu_view_dtype(AtenTensorHandle, int32_t, AtenTensorHandle*);
AotiError aoti_torch_cpu_view_as_real(AtenTensorHandle, AtenTensorHandle*);
AotiError aoti_torch_cpu_index_put(AtenTensorHandle, const AtenTensorHandle**, int64_t, AtenTensorHandle, int32_t,
                                   AtenTensorHandle*);
AotiError aoti_torch_index_put_out(AtenTensorHandle, AtenTensorHandle, const AtenTensorHandle*, uint32_t,
                                   AtenTensorHandle, bool);
AotiError aoti_torch_cpu_nonzero(AtenTensorHandle, AtenTensorHandle*);
AotiError aoti_torch_cpu_masked_select(AtenTensorHandle, AtenTensorHandle, AtenTensorHandle*);
AotiError aoti_torch_cpu_sort(AtenTensorHandle, int64_t, int32_t, AtenTensorHandle*, AtenTensorHandle*);
AotiError aoti_torch_cpu_cumsum(AtenTensorHandle, int64_t, int32_t*, AtenTensorHandle*);
AotiError aoti_torch_cpu_abs(AtenTensorHandle, AtenTensorHandle*);
AotiError aoti_torch_cpu_add_Tensor(AtenTensorHandle, AtenTensorHandle, double, AtenTensorHandle*);
AotiError aoti_torch_cpu_fill__Scalar(AtenTensorHandle, double);
AotiError aoti_torch_cpu_rand_like(AtenTensorHandle, int32_t*, int32_t*, int32_t*, int32_t, int32_t*, int32_t*,
                                   AtenTensorHandle*);
}

namespace hearth {
namespace {

constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
constexpr int32_t kFloat32 = 6;
constexpr int32_t kCpu = 0;

/// A handle of a tensor, deleted with it.
class Handle {
 public:
  explicit Handle(Tensor tensor) : handle_(new_handle(std::move(tensor))) {}
  ~Handle() { aoti_torch_delete_tensor_object(handle_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  operator AtenTensorHandle() const { return handle_; }

 private:
  AtenTensorHandle handle_;
};

/// What a failing call says; it must hand nothing out.
std::string failure_of(const std::function<AotiError(AtenTensorHandle*)>& call) {
  AtenTensorHandle result = nullptr;
  EXPECT_EQ(call(&result), kAotiFailure);
  EXPECT_EQ(result, nullptr);
  return take_shim_error();
}

struct RefusedShape {
  std::vector<int64_t> sizes;
  std::vector<int64_t> strides;
  int64_t offset;
};

const std::vector<RefusedShape> kRefusedShapes{
    {{kHuge}, {1}, 0},
    {{kHuge, kHuge}, {kHuge, 1}, 0},
    {{2, 2}, {kHuge, kHuge}, 0},
    {{-1}, {1}, 0},
    {{2}, {-1}, 0},
    {{2}, {kHuge / 2}, 0},
    {{2}, {1}, kHuge},
    {{2}, {1}, -1},
    {{1 << 30, 1 << 30, 1 << 30}, {1, 1, 1 << 30}, 0},
};

TEST(Shims, RefuseShapesThatAreNotThoseOfMemory) {
  std::vector<float> memory(64);
  const Handle small(tensor<float>({4}, {1, 2, 3, 4}));
  const Handle moved(
      *Tensor::view(tensor_of(small).storage(), DType::kFloat32, std::vector<int64_t>{2}, std::vector<int64_t>{1}, 2));
  for (const auto& [sizes, strides, offset] : kRefusedShapes) {
    SCOPED_TRACE(describe_shape(sizes) + " with strides " + describe_shape(strides) + " at " + std::to_string(offset));
    const auto rank = static_cast<int64_t>(sizes.size());
    const int64_t* s = sizes.data();
    const int64_t* t = strides.data();
    if (offset == 0) {
      EXPECT_NE(failure_of([&](auto* out) { return aoti_torch_empty_strided(rank, s, t, kFloat32, kCpu, 0, out); }),
                "");
    } else {
      EXPECT_NE(failure_of([&](auto* out) {
                  return aoti_torch_create_tensor_from_blob(nullptr, rank, s, t, offset, kFloat32, kCpu, 0, out);
                }),
                "");
    }
    EXPECT_NE(failure_of([&](auto* out) { return aoti_torch__reinterpret_tensor(moved, rank, s, t, offset - 2, out); }),
              "");
    EXPECT_NE(
        failure_of([&](auto* out) { return aoti_torch__alloc_from_pool(small, offset, kFloat32, rank, s, t, out); }),
        "");
  }
}

TEST(Shims, RefuseRanksDtypesDevicesAndLayoutsThatThereAreNot) {
  std::vector<float> memory(64);
  const std::vector<int64_t> ones(64, 1);
  const Handle handle(tensor<float>({1}, {1}));
  for (const int64_t rank : {int64_t{-1}, int64_t{kMaxRank + 1}, kHuge, -kHuge}) {
    SCOPED_TRACE(rank);
    const auto empty = [&](auto* out) {
      return aoti_torch_empty_strided(rank, ones.data(), ones.data(), kFloat32, kCpu, 0, out);
    };
    const auto from_blob = [&](auto* out) {
      return aoti_torch_create_tensor_from_blob(memory.data(), rank, ones.data(), ones.data(), 0, kFloat32, kCpu, 0,
                                                out);
    };
    const auto view = [&](auto* out) {
      return aoti_torch__reinterpret_tensor(handle, rank, ones.data(), ones.data(), 0, out);
    };
    const auto pooled = [&](auto* out) {
      return aoti_torch__alloc_from_pool(handle, 0, kFloat32, rank, ones.data(), ones.data(), out);
    };
    for (const std::function<AotiError(AtenTensorHandle*)>& call :
         std::vector<std::function<AotiError(AtenTensorHandle*)>>{empty, from_blob, view, pooled}) {
      EXPECT_NE(failure_of(call).find("rank"), std::string::npos);
    }
  }
  const auto blob = [&](void* data, int32_t dtype, int32_t device, int32_t layout) {
    return failure_of([&](auto* out) {
      return aoti_torch_create_tensor_from_blob_v2(data, 1, ones.data(), ones.data(), 0, dtype, device, 0, out, layout,
                                                   nullptr, 0);
    });
  };
  EXPECT_NE(blob(memory.data(), 8, kCpu, 0).find("dtype 8"), std::string::npos);
  EXPECT_NE(blob(memory.data(), kFloat32, 1, 0).find("device type 1"), std::string::npos);
  EXPECT_NE(blob(memory.data(), kFloat32, kCpu, 1).find("layout 1"), std::string::npos);
  EXPECT_NE(blob(nullptr, kFloat32, kCpu, 0).find("address"), std::string::npos);
  EXPECT_EQ(aoti_torch_dtype_element_size(kFloat32), 4U);
  EXPECT_EQ(aoti_torch_dtype_element_size(-1), 0U);
}

TEST(Shims, TellAnUndefinedTensorByNullOrByHandle) {
  AtenTensorHandle made = nullptr;
  ASSERT_EQ(aoti_torch_new_uninitialized_tensor(&made), kAotiSuccess);
  for (AtenTensorHandle handle : {AtenTensorHandle{nullptr}, made}) {
    bool defined = true;
    EXPECT_EQ(aoti_torch_is_defined(handle, &defined), kAotiSuccess);
    EXPECT_FALSE(defined);
    void* data = &defined;
    EXPECT_EQ(aoti_torch_get_data_ptr(handle, &data), kAotiSuccess);
    EXPECT_EQ(data, nullptr);
    for (const auto get : {aoti_torch_get_storage_size, aoti_torch_get_storage_numel, aoti_torch_get_storage_offset,
                           aoti_torch_get_dim, aoti_torch_get_numel}) {
      int64_t number = -1;
      EXPECT_EQ(get(handle, &number), kAotiSuccess);
      EXPECT_EQ(number, 0);
    }
    int64_t size = 0;
    EXPECT_EQ(aoti_torch_get_size(handle, 0, &size), kAotiFailure);
    EXPECT_EQ(aoti_torch_get_stride(handle, -1, &size), kAotiFailure);
    (void)take_shim_error();
  }
  EXPECT_EQ(aoti_torch_delete_tensor_object(made), kAotiSuccess);
  EXPECT_EQ(aoti_torch_delete_tensor_object(nullptr), kAotiSuccess);
}

/// Calls that must fail when they get no tensor, in a run or outside of one.
std::vector<std::function<AotiError(AtenTensorHandle*)>> calls_without_tensors() {
  static const AtenTensorHandle none = nullptr;
  static const int64_t zero = 0;
  static float number = 0;
  static int64_t integer = 0;
  return {
      [](auto* out) { return aoti_torch_clone(none, out); },
      [](auto* out) { return aoti_torch_as_strided(none, &zero, &zero, out); },
      [](auto* out) { return aoti_torch__reinterpret_tensor(none, 0, nullptr, nullptr, 0, out); },
      [](auto* out) { return aoti_torch__alloc_from_pool(none, 0, kFloat32, 0, nullptr, nullptr, out); },
      [](auto*) { return aoti_torch_assign_tensors(none, none); },
      [](auto*) { return aoti_torch_copy_(none, none, 0); },
      [](auto*) { return aoti_torch_copy_(none, Handle(tensor<float>({}, {1})), 0); },
      [](auto*) { return aoti_torch_copy_(Handle(tensor<float>({}, {1})), none, 0); },
      [](auto*) { return aoti_torch_zero_(none); },
      [](auto*) { return aoti_torch_item_float32(none, &number); },
      [](auto*) { return aoti_torch_item_int64(none, &integer); },
      [](auto*) { return aoti_torch_cpu_mm_out(none, none, none); },
      [](auto*) { return aoti_torch_cpu_addmm_out(none, none, none, none, 1, 1); },
      [](auto* out) {
        return aoti_torch_cpu_convolution(none, none, nullptr, &zero, 0, &zero, 0, &zero, 0, 0, &zero, 0, 1, out);
      },
      [](auto* out) { return aoti_torch_cpu_cat(&none, 1, 0, out); },
      [](auto* out) { return aoti_torch_cpu_cat(&none, -1, 0, out); },
      [](auto* out) { return aoti_torch_cpu_permute(none, &zero, 0, out); },
      [](auto* out) { return aoti_torch_cpu_narrow(none, 0, 0, 1, out); },
      [](auto* out) { return aoti_torch_cpu_squeeze_dim(none, 0, out); },
      [](auto* out) { return aoti_torch_cpu_view_dtype(none, kFloat32, out); },
      [](auto* out) { return aoti_torch_cpu_view_as_real(none, out); },
      [](auto* out) { return aoti_torch_cpu_index_put(none, nullptr, 0, none, 0, out); },
      [](auto*) { return aoti_torch_index_put_out(none, none, nullptr, 0, none, false); },
      [](auto* out) { return aoti_torch_cpu_nonzero(none, out); },
      [](auto* out) { return aoti_torch_cpu_masked_select(none, none, out); },
      [](auto* out) { return aoti_torch_cpu_sort(none, 0, 0, out, out); },
      [](auto* out) { return aoti_torch_cpu_cumsum(none, 0, nullptr, out); },
      [](auto* out) { return aoti_torch_cpu_abs(none, out); },
      [](auto* out) { return aoti_torch_cpu_add_Tensor(none, none, 1, out); },
      [](auto*) { return aoti_torch_cpu_fill__Scalar(none, 1); },
      [](auto* out) { return aoti_torch_cpu_rand_like(none, nullptr, nullptr, nullptr, 0, nullptr, nullptr, out); },
      [](auto*) { return aoti_torch_proxy_executor_call_function(nullptr, 3, 0, nullptr, 0, nullptr); },
      [](auto*) { return aoti_torch_call_dispatcher("aten::fft", "", nullptr); },
  };
}

TEST(Shims, FailWithAMessageWithoutTensors) {
  TestContext context(1);
  const KernelContext kernel_context = context.get();
  const auto calls = calls_without_tensors();
  for (size_t i = 0; i < calls.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_NE(failure_of(calls[i]), "") << "outside of a run";
    const ScopedKernelContext scope(kernel_context);
    EXPECT_NE(failure_of(calls[i]), "") << "in a run";
  }
}

TEST(Shims, ThatComputeSayWhenThereIsNoRun) {
  const Handle x(tensor<float>({1}, {-1}));
  EXPECT_NE(failure_of([&](auto* out) { return aoti_torch_cpu_abs(x, out); }).find("outside of a run"),
            std::string::npos);
}

TEST(Shims, KeepTheFirstMessageOfAThread) {
  const Handle x(tensor<float>({2}, {1, 2}));
  float number = 0;
  EXPECT_EQ(aoti_torch_item_float32(x, &number), kAotiFailure);
  EXPECT_EQ(aoti_torch_zero_(nullptr), kAotiFailure);
  EXPECT_NE(take_shim_error().find("aoti_torch_item_float32"), std::string::npos);
  EXPECT_EQ(take_shim_error(), "");
}

TEST(Shims, LetNoExceptionOut) {
  EXPECT_EQ(guard_shim("test", []() -> Status { throw std::bad_alloc(); }), kAotiFailure);
  EXPECT_NE(take_shim_error().find("bad_alloc"), std::string::npos);
  EXPECT_EQ(guard_shim("test", []() -> Status { throw 3; }), kAotiFailure);
  EXPECT_NE(take_shim_error().find("test"), std::string::npos);
}

TEST(Shims, CopiesOfAHandleShareItsTensor) {
  const Handle x(tensor<float>({2}, {1, 2}));
  AtenTensorHandle copy = nullptr;
  ASSERT_EQ(aoti_torch_new_tensor_handle(x, &copy), kAotiSuccess);
  EXPECT_EQ(tensor_of(copy).data(), tensor_of(x).data());
  ASSERT_EQ(aoti_torch_delete_tensor_object(copy), kAotiSuccess);
  EXPECT_EQ(values_of<float>(tensor_of(x)), (std::vector<float>{1, 2}));
}

}  // namespace
}  // namespace hearth
