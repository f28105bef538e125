#pragma once

#include <memory>

#include "hal/cuda/context.h"
#include "hal/device.h"

namespace hearth::cuda {

/// Work in order, independent of the legacy default stream.
class CudaStream final : public Stream {
 public:
  static Result<std::unique_ptr<Stream>> create(std::shared_ptr<const Context> context);
  ~CudaStream() override;
  CudaStream(const CudaStream&) = delete;
  CudaStream& operator=(const CudaStream&) = delete;

  Status synchronize() override;
  CUstream handle() const { return handle_; }

 private:
  CudaStream(std::shared_ptr<const Context> context, CUstream handle) : context_(std::move(context)), handle_(handle) {}

  std::shared_ptr<const Context> context_;
  CUstream handle_;
};

/// The driver's handle of a CUDA device's stream.
inline CUstream handle_of(const Stream& stream) { return static_cast<const CudaStream&>(stream).handle(); }

class CudaEvent final : public Event {
 public:
  static Result<std::unique_ptr<Event>> create(std::shared_ptr<const Context> context);
  ~CudaEvent() override;
  CudaEvent(const CudaEvent&) = delete;
  CudaEvent& operator=(const CudaEvent&) = delete;

  Status record(Stream& stream) override;
  Status wait(Stream& stream) override;
  Result<bool> query() override;
  CUevent handle() const { return handle_; }

 private:
  CudaEvent(std::shared_ptr<const Context> context, CUevent handle) : context_(std::move(context)), handle_(handle) {}

  std::shared_ptr<const Context> context_;
  CUevent handle_;
};

}  // namespace hearth::cuda
