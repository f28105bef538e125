#include "text/chat_template/budget.h"

#include "base/errors.h"

namespace hearth::jinja {
namespace {

constexpr uint64_t kBytesPerStep = 128;

Status used_up(std::string_view limit, uint64_t most) {
  return invalid_argument("the template uses more than its limit of {} {}; raise TemplateLimits::{} if it is trusted",
                          most, limit, limit);
}

}  // namespace

Status Budget::step(uint64_t count) {
  if (count > limits_.steps - steps_) {
    steps_ = limits_.steps;
    return used_up("steps", limits_.steps);
  }
  steps_ += count;
  return {};
}

Status Budget::allocate(uint64_t bytes) {
  if (bytes > limits_.value_bytes - value_bytes_) {
    value_bytes_ = limits_.value_bytes;
    return used_up("value_bytes", limits_.value_bytes);
  }
  value_bytes_ += bytes;
  return step(bytes / kBytesPerStep);
}

Status Budget::check_depth(size_t depth) const {
  return depth > limits_.depth ? used_up("depth", limits_.depth) : Status();
}

Status Nesting::enter() {
  HEARTH_RETURN_IF_ERROR(budget_.check_depth(budget_.depth_));
  return budget_.step();
}

}  // namespace hearth::jinja
