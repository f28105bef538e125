#include "aoti/host_detour.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "aoti/cuda/gpu_copy.h"
#include "base/errors.h"
#include "kernels/host_constants.h"

namespace hearth {
namespace {

bool on_host(const Tensor& tensor) { return !tensor.defined() || tensor.storage()->memory() == MemoryKind::kHost; }

}  // namespace

constinit thread_local HostDetour* HostDetour::active_ = nullptr;

HostDetour::HostDetour(const KernelContext& context) : gpu_(context), host_(context) {
  host_.pool = context.gpu->host_pool;
  host_.gpu = nullptr;
  active_ = this;
}

HostDetour::~HostDetour() { active_ = nullptr; }

HostDetour::Copy& HostDetour::copy_of(const Tensor& tensor) {
  const auto found = std::ranges::find(copies_, &tensor, &Copy::original);
  if (found != copies_.end()) return *found;
  Copy& copy = copies_.emplace_back(Copy{&tensor, Tensor()});
  if (on_host(tensor)) {
    copy.host = tensor;
    return copy;
  }
  has_gpu_operand_ = true;
  Result<Tensor> host = copy_to_host(tensor);
  if (host.ok()) {
    copy.host = *std::move(host);
  } else if (copied_.ok()) {
    copied_ = host.status();
  }
  return copy;
}

const Tensor& HostDetour::write(const Tensor& tensor) {
  Copy& copy = copy_of(tensor);
  copy.written = true;
  return copy.host;
}

Result<Tensor> HostDetour::copy_to_host(const Tensor& tensor) {
  if (gpu_.gpu->host_constants != nullptr) {
    if (std::optional<Tensor> original = gpu_.gpu->host_constants->find(tensor)) return *std::move(original);
  }
  return on_host_too(tensor);
}

Result<Tensor> HostDetour::bring(Tensor result) {
  if (!result.defined() || (!copies_.empty() && !has_gpu_operand_)) return result;
  HEARTH_ASSIGN_OR_RETURN(Tensor brought, gpu_.pool->empty_strided(result.dtype(), result.shape(), result.strides()));
  HEARTH_RETURN_IF_ERROR(copy_with_gaps(brought, result));
  return brought;
}

Status HostDetour::finish(const Status& computed) {
  HEARTH_RETURN_IF_ERROR(copied_);
  HEARTH_RETURN_IF_ERROR(computed);
  for (const Copy& copy : copies_) {
    if (copy.written && !on_host(*copy.original)) HEARTH_RETURN_IF_ERROR(copy_with_gaps(*copy.original, copy.host));
  }
  return {};
}

}  // namespace hearth
