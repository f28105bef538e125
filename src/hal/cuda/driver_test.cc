// Opening the driver and what its failures say. Only with the emulated driver.
#include "hal/cuda/driver.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "emulated_cuda/driver/emulated_cuda.h"
#include "hal/cuda/driver_errors.h"
#include "hal/testing/emulated_driver.h"

namespace hearth::cuda {
namespace {

namespace fs = std::filesystem;

class DriverTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!use_emulated_driver()) GTEST_SKIP() << "HEARTH_CUDA_DRIVER is another driver";
    emulated_ = std::getenv("HEARTH_CUDA_DRIVER");
  }
  void TearDown() override {
    emulated_cuda_fail_call(0, 0);
    if (!emulated_.empty()) setenv("HEARTH_CUDA_DRIVER", emulated_.c_str(), 1);
  }

  static Result<std::shared_ptr<const Driver>> open(const std::string& name) {
    setenv("HEARTH_CUDA_DRIVER", name.c_str(), 1);
    return open_driver();
  }
  static void expect_missing(const Status& status, const std::string& part) {
    EXPECT_EQ(status.code(), StatusCode::kUnavailable);
    EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
  }

  std::string emulated_;
};

TEST_F(DriverTest, IsOpenedOnce) {
  const auto driver = open(emulated_);
  ASSERT_TRUE(driver.ok()) << driver.status().message();
  EXPECT_EQ((*driver)->version, emulated_cuda_settings().cuda_version);
  const int64_t starts = emulated_cuda_calls("cuInit");
  EXPECT_EQ(open(emulated_)->get(), driver->get());
  EXPECT_EQ(emulated_cuda_calls("cuInit"), starts);
}

TEST_F(DriverTest, SaysWhatIsMissing) {
  expect_missing(open("libno-such-driver.so.1").status(),
                 "libno-such-driver.so.1 was not found: install NVIDIA's driver, 460 or newer");
  const fs::path folder = fs::temp_directory_path() / "hearth_driver_test";
  fs::create_directories(folder);
  const fs::path text = folder / "text.so";
  std::ofstream(text) << "this is no library, however long one reads it: sixty-four bytes or more";
  expect_missing(open(text).status(), "cannot be opened");
  expect_missing(open("libm.so.6").status(), "too old: libm.so.6 has no cuInit; install driver 460 or newer");
  fs::remove_all(folder);
}

TEST_F(DriverTest, SaysWhyItDoesNotStartAndTriesAgain) {
  // Another name of the same library, so that it is not open yet.
  const fs::path path = emulated_;
  const std::string other = path.parent_path() / "." / path.filename();
  struct Case {
    CUresult result;
    const char* message;
  };
  for (const Case& c :
       {Case{CUDA_ERROR_NO_DEVICE, "no NVIDIA GPU is visible"},
        Case{CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, "restart the machine after an update"},
        Case{CUDA_ERROR_NOT_PERMITTED, "/dev/nvidia*"}, Case{CUDA_ERROR_STUB_LIBRARY, "LD_LIBRARY_PATH"},
        Case{CUDA_ERROR_SYSTEM_NOT_READY, "nvidia-fabricmanager"}}) {
    emulated_cuda_fail_call(1, c.result);
    expect_missing(open(other).status(), c.message);
  }
  EXPECT_TRUE(open(other).ok());
}

TEST_F(DriverTest, EveryFailureHasAKindANameAndAdvice) {
  struct Case {
    int result;
    StatusCode code;
    const char* part;
  };
  const auto driver = open(emulated_).value();
  for (const Case& c : {
           Case{1, StatusCode::kInternal, "CUDA_ERROR_INVALID_VALUE, 1"},
           Case{2, StatusCode::kOutOfMemory, "close other programs that use the GPU"},
           Case{3, StatusCode::kInternal, "CUDA_ERROR_NOT_INITIALIZED"},
           Case{4, StatusCode::kUnavailable, "about to end"},
           Case{34, StatusCode::kUnavailable, "stand-in"},
           Case{46, StatusCode::kUnavailable, "nvidia-smi -c DEFAULT"},
           Case{100, StatusCode::kUnavailable, "CUDA_VISIBLE_DEVICES"},
           Case{101, StatusCode::kUnavailable, "hearth devices"},
           Case{102, StatusCode::kUnavailable, "licence"},
           Case{200, StatusCode::kInvalidFile, "export the model again"},
           Case{201, StatusCode::kInternal, "CUDA_ERROR_INVALID_CONTEXT"},
           Case{209, StatusCode::kUnavailable, "--cuda-arch ptx"},
           Case{214, StatusCode::kFailed, "nvidia-smi -q -d ECC"},
           Case{218, StatusCode::kInvalidFile, "export the model again"},
           Case{220, StatusCode::kFailed, "reset the GPUs"},
           Case{221, StatusCode::kUnavailable, "libnvidia-ptxjitcompiler"},
           Case{222, StatusCode::kUnavailable, "newer NVIDIA driver"},
           Case{223, StatusCode::kUnavailable, "CUDA_DISABLE_PTX_JIT"},
           Case{304, StatusCode::kUnavailable, "dmesg"},
           Case{400, StatusCode::kInternal, "CUDA_ERROR_INVALID_HANDLE"},
           Case{500, StatusCode::kNotFound, "CUDA_ERROR_NOT_FOUND"},
           Case{700, StatusCode::kFailed, "memory that is not its own"},
           Case{701, StatusCode::kFailed, "registers or threads"},
           Case{702, StatusCode::kFailed, "draws a screen"},
           Case{709, StatusCode::kFailed, "started again"},
           Case{710, StatusCode::kFailed, "started again"},
           Case{714, StatusCode::kFailed, "started again"},
           Case{715, StatusCode::kFailed, "started again"},
           Case{716, StatusCode::kFailed, "memory that is not its own"},
           Case{717, StatusCode::kFailed, "memory that is not its own"},
           Case{718, StatusCode::kFailed, "started again"},
           Case{719, StatusCode::kFailed, "started again"},
           Case{800, StatusCode::kUnavailable, "this user may not use the GPU"},
           Case{801, StatusCode::kUnavailable, "cannot do that"},
           Case{802, StatusCode::kUnavailable, "nvidia-fabricmanager"},
           Case{803, StatusCode::kUnavailable, "restart the machine"},
           Case{804, StatusCode::kUnavailable, "compatibility library"},
           Case{805, StatusCode::kUnavailable, "does not answer"},
           Case{807, StatusCode::kUnavailable, "try again"},
           Case{808, StatusCode::kUnavailable, "as many clients"},
           Case{999, StatusCode::kFailed, "nvidia_uvm"},
           // One that this program and this driver do not know.
           Case{12345, StatusCode::kFailed, "driver error (unknown to this driver, 12345)"},
       }) {
    const Status status = driver_error(*driver, static_cast<CUresult>(c.result), "cuda:1: doing this");
    EXPECT_EQ(status.code(), c.code) << c.result;
    EXPECT_TRUE(status.message().starts_with("cuda:1: doing this: ")) << status.message();
    EXPECT_NE(status.message().find(c.part), std::string::npos) << status.message();
    EXPECT_NE(status.message().find(std::to_string(c.result)), std::string::npos) << status.message();
  }
}

}  // namespace
}  // namespace hearth::cuda
