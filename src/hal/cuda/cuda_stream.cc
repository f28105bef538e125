#include "hal/cuda/cuda_stream.h"

#include "base/errors.h"

namespace hearth::cuda {

Result<std::unique_ptr<Stream>> CudaStream::create(std::shared_ptr<const Context> context) {
  const CurrentContext current(*context);
  HEARTH_RETURN_IF_ERROR(current.status());
  CUstream handle = nullptr;
  HEARTH_RETURN_IF_ERROR(
      context->check(context->driver().cuStreamCreate(&handle, CU_STREAM_NON_BLOCKING), "making a stream"));
  return std::unique_ptr<Stream>(new CudaStream(std::move(context), handle));
}

CudaStream::~CudaStream() {
  const CurrentContext current(*context_);
  context_->warn(context_->driver().cuStreamDestroy(handle_), "giving a stream back");
}

Status CudaStream::synchronize() {
  const CurrentContext current(*context_);
  HEARTH_RETURN_IF_ERROR(current.status());
  return context_->check(context_->driver().cuStreamSynchronize(handle_), "running a stream's work");
}

Result<std::unique_ptr<Event>> CudaEvent::create(std::shared_ptr<const Context> context) {
  const CurrentContext current(*context);
  HEARTH_RETURN_IF_ERROR(current.status());
  CUevent handle = nullptr;
  HEARTH_RETURN_IF_ERROR(
      context->check(context->driver().cuEventCreate(&handle, CU_EVENT_DISABLE_TIMING), "making an event"));
  return std::unique_ptr<Event>(new CudaEvent(std::move(context), handle));
}

CudaEvent::~CudaEvent() {
  const CurrentContext current(*context_);
  context_->warn(context_->driver().cuEventDestroy(handle_), "giving an event back");
}

Status CudaEvent::record(Stream& stream) {
  const CurrentContext current(*context_);
  HEARTH_RETURN_IF_ERROR(current.status());
  return context_->check(context_->driver().cuEventRecord(handle_, handle_of(stream)), "recording an event");
}

Status CudaEvent::wait(Stream& stream) {
  const CurrentContext current(*context_);
  HEARTH_RETURN_IF_ERROR(current.status());
  return context_->check(context_->driver().cuStreamWaitEvent(handle_of(stream), handle_, 0), "waiting for an event");
}

Result<bool> CudaEvent::query() {
  const CurrentContext current(*context_);
  HEARTH_RETURN_IF_ERROR(current.status());
  const CUresult result = context_->driver().cuEventQuery(handle_);
  if (result == CUDA_ERROR_NOT_READY) return false;
  HEARTH_RETURN_IF_ERROR(context_->check(result, "asking for an event"));
  return true;
}

}  // namespace hearth::cuda
