#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hearth/tensor.h"

namespace hearth {

/// A tensor that an operator read or wrote.
struct ProfiledOperand {
  DType dtype = DType::kFloat32;
  std::vector<int64_t> shape;
  size_t byte_count = 0;
};

/// One call of an operator of the runtime, or of a loop that Inductor generated.
struct ProfiledCall {
  std::string name;                       ///< "hearth_conv2d", "aten::bincount", "cpp_fused_add_relu_3"
  std::vector<ProfiledOperand> operands;  ///< In no order.
  std::chrono::nanoseconds start{};       ///< Since the profile was made.
  std::chrono::nanoseconds duration{};
  double operations = 0;  ///< Of products, convolutions and attention: twice the multiplications. 0 for others.
  DType multiplied = DType::kFloat32;  ///< What these multiply.

  /// What has to be moved at least: the bytes of the operands.
  double moved_bytes() const;
};

/// Records the operators of runs on the thread that made it active. Used from one thread.
class Profile {
 public:
  void begin(std::string_view name);
  /// A tensor of the call that began last; one that was named before is counted once.
  void operand(const Tensor& tensor);
  /// More operations of that call.
  void count(DType multiplied, double operations);
  void end();

  const std::vector<ProfiledCall>& calls() const { return calls_; }
  std::chrono::nanoseconds now() const { return std::chrono::steady_clock::now() - made_; }

  /// What this thread's runs are recorded in; null nearly always.
  static Profile* active() { return active_; }

 private:
  friend class ScopedProfile;

  // Read by every shim: the model keeps that to one instruction, also in the shared library.
  [[gnu::tls_model("initial-exec")]] static constinit thread_local Profile* active_;

  std::chrono::steady_clock::time_point made_ = std::chrono::steady_clock::now();
  std::vector<ProfiledCall> calls_;
  std::vector<const void*> seen_;  ///< Addresses of the operands of the last call.
};

/// Adds the operations of a kernel to the current call where a profile is active.
inline void count_operations(DType multiplied, double operations) {
  if (Profile* profile = Profile::active()) [[unlikely]]
    profile->count(multiplied, operations);
}

/// Makes a profile active on this thread for its lifetime.
class ScopedProfile {
 public:
  explicit ScopedProfile(Profile& profile) { Profile::active_ = &profile; }
  ~ScopedProfile() { Profile::active_ = nullptr; }
  ScopedProfile(const ScopedProfile&) = delete;
  ScopedProfile& operator=(const ScopedProfile&) = delete;
};

/// Records one call where a profile is active.
class ScopedCall {
 public:
  explicit ScopedCall(std::string_view name) : profile_(Profile::active()) {
    if (profile_ != nullptr) [[unlikely]]
      profile_->begin(name);
  }
  ~ScopedCall() {
    if (profile_ != nullptr) [[unlikely]]
      profile_->end();
  }
  ScopedCall(const ScopedCall&) = delete;
  ScopedCall& operator=(const ScopedCall&) = delete;

 private:
  Profile* profile_;
};

}  // namespace hearth
