#include "kernels/profile.h"

#include <algorithm>
#include <numeric>

namespace hearth {

constinit thread_local Profile* Profile::active_ = nullptr;

double ProfiledCall::moved_bytes() const {
  return std::accumulate(operands.begin(), operands.end(), 0.0, [](double sum, const ProfiledOperand& operand) {
    return sum + static_cast<double>(operand.byte_count);
  });
}

void Profile::begin(std::string_view name) {
  seen_.clear();
  calls_.emplace_back();
  calls_.back().name = name;
  calls_.back().start = now();
}

void Profile::operand(const Tensor& tensor) {
  if (calls_.empty() || !tensor.defined() || std::ranges::find(seen_, tensor.data()) != seen_.end()) return;
  seen_.push_back(tensor.data());
  calls_.back().operands.push_back(
      {tensor.dtype(), {tensor.shape().begin(), tensor.shape().end()}, tensor.byte_count()});
}

void Profile::count(DType multiplied, double operations) {
  if (calls_.empty()) return;
  calls_.back().multiplied = multiplied;
  calls_.back().operations += operations;
}

void Profile::end() { calls_.back().duration = now() - calls_.back().start; }

}  // namespace hearth
