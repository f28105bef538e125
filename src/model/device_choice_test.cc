#include "model/device_choice.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

constexpr uint64_t kRoom = uint64_t{256} << 20;
constexpr int64_t kElements = int64_t{1} << 28;  // 1 GiB of float32.
constexpr uint64_t kBytes = uint64_t{4} * kElements;

/// Code for Linux on x86-64, for a device.
TargetSpec code_for(const std::string& device) {
  TargetSpec target;
  target.device = device;
  target.machine = "x86_64";
  target.system = "linux";
  return target;
}

/// Two methods that share a weight of 1 GiB, for GPUs and the CPU.
Manifest two_methods() {
  Manifest manifest;
  TensorSpec& large = manifest.tensors["large"];
  large.shape = {kElements};
  large.strides = {1};
  TargetSpec gpu = code_for("cuda");
  gpu.cpu_features = {"avx2"};
  gpu.constants = {{"w", "large"}};
  gpu.compute_capability = 80;
  for (const char* name : {"first", "second"}) {
    manifest.methods[name].targets = {{"cpu-x86_64-v3", code_for("cpu")}, {"cuda-sm80", gpu}};
  }
  return manifest;
}

Machine machine_with_gpu(int compute_capability, bool has_avx2 = true) {
  return {"x86_64", "linux", "cuda", [=](std::string_view) { return has_avx2; }, compute_capability};
}

struct Fit {
  const char* target;
  Machine machine;
  uint64_t free_bytes;
  const char* why_not;  ///< Null: it fits.
};

TEST(DeviceChoice, TakesGpusThatHaveTheCodeAndTheMemory) {
  const uint64_t needed = kBytes + kBytes / 4 + kRoom;
  const Fit fits[] = {
      {"", machine_with_gpu(80), needed, nullptr},
      {"cuda-sm80", machine_with_gpu(120), needed, nullptr},
      {"", machine_with_gpu(80), needed - 1, "takes about 1.6 GB of memory, of which 1.6 GB are free"},
      {"", machine_with_gpu(80), 0, "of which 0.0 GB are free"},
      {"", machine_with_gpu(75), needed, "compute capability 8.0 or newer, this one has 7.5"},
      {"", machine_with_gpu(80, false), needed, "this processor lacks avx2"},
      {"cpu-x86_64-v3", machine_with_gpu(80), needed, "it is for device cpu, not cuda"},
  };
  for (const Fit& fit : fits) {
    const Status status = check_fits_gpu(two_methods(), fit.target, fit.machine, fit.free_bytes);
    EXPECT_EQ(status.ok(), fit.why_not == nullptr) << status.message();
    if (fit.why_not == nullptr || status.ok()) continue;
    EXPECT_EQ(status.code(), StatusCode::kUnavailable);
    EXPECT_NE(status.message().find(fit.why_not), std::string::npos) << status.message();
  }
}

TEST(DeviceChoice, RefusesWeightsThatNoMemoryHolds) {
  Manifest manifest = two_methods();
  manifest.tensors["large"].shape = {int64_t{1} << 62};
  const Status status = check_fits_gpu(manifest, "", machine_with_gpu(80), UINT64_MAX);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
}

TEST(DeviceChoice, LeavesFilesWithoutCodeForGpusToTheCpu) {
  Manifest manifest = two_methods();
  for (auto& [unused, method] : manifest.methods) method.targets.erase("cuda-sm80");
  const Result<DeviceChoice> choice = choose_device(manifest, "");
  ASSERT_TRUE(choice.ok()) << choice.status().message();
  EXPECT_EQ(choice->device->properties().name, "cpu");
  EXPECT_EQ(choice->why, "");
}

}  // namespace
}  // namespace hearth
