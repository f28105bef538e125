#include <algorithm>

#include "emulated_cuda/driver/call.h"

namespace hearth::emulated_cuda {
extern "C" {

CUresult cuStreamCreate(CUstream* stream, unsigned flags) {
  EMULATED_CONTEXT_CALL("cuStreamCreate");
  if (!stream || flags > CU_STREAM_NON_BLOCKING) return CUDA_ERROR_INVALID_VALUE;
  auto made = std::make_unique<Stream>();
  made->context = current;
  made->blocking = (flags & CU_STREAM_NON_BLOCKING) == 0;
  *stream = handle_of<CUstream>(made.get());
  current->streams.push_back(std::move(made));
  return CUDA_SUCCESS;
}

CUresult cuStreamDestroy_v2(CUstream handle) {
  EMULATED_CALL("cuStreamDestroy_v2", kGivesBack);
  CUresult result = CUDA_SUCCESS;
  Context* current = call.current_or_lost(result);
  if (!current) return result;
  Stream* stream = state.stream(*current, handle);
  if (!stream || stream == &current->legacy) return CUDA_ERROR_INVALID_HANDLE;
  stream->destroyed = true;
  result = stream->context->lost;
  state.forget_finished();
  return call.finish(result);
}

CUresult cuStreamSynchronize(CUstream handle) {
  EMULATED_CONTEXT_CALL("cuStreamSynchronize");
  Stream* stream = state.stream(*current, handle);
  if (!stream) return CUDA_ERROR_INVALID_HANDLE;
  state.run_until([&] { return stream->work.empty(); });
  return stream->context->lost;
}

CUresult cuStreamWaitEvent(CUstream stream_handle, CUevent event_handle, unsigned flags) {
  EMULATED_CONTEXT_CALL("cuStreamWaitEvent");
  Stream* stream = state.stream(*current, stream_handle);
  const std::shared_ptr<Event> event = state.event(event_handle);
  if (!stream || !event) return CUDA_ERROR_INVALID_HANDLE;
  if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
  state.enqueue(*stream, {.ready = [event, point = event->recorded] { return event->passed >= point; },
                          .run = [](std::string&) { return CUDA_SUCCESS; }});
  return CUDA_SUCCESS;
}

CUresult cuEventCreate(CUevent* event, unsigned flags) {
  EMULATED_CONTEXT_CALL("cuEventCreate");
  if (!event || flags > 7) return CUDA_ERROR_INVALID_VALUE;
  current->events.push_back(std::make_shared<Event>(Event{.context = current}));
  *event = handle_of<CUevent>(current->events.back().get());
  return CUDA_SUCCESS;
}

CUresult cuEventDestroy_v2(CUevent handle) {
  EMULATED_CALL("cuEventDestroy_v2", kGivesBack);
  const std::shared_ptr<Event> event = state.event(handle);
  if (!event) return CUDA_ERROR_INVALID_HANDLE;
  std::erase(event->context->events, event);
  return call.finish(event->context->lost);
}

CUresult cuEventRecord(CUevent event_handle, CUstream stream_handle) {
  EMULATED_CONTEXT_CALL("cuEventRecord");
  Stream* stream = state.stream(*current, stream_handle);
  const std::shared_ptr<Event> event = state.event(event_handle);
  if (!stream || !event || event->context != stream->context) return CUDA_ERROR_INVALID_HANDLE;
  event->recorded += 1;
  state.enqueue(*stream, {.run = [event, point = event->recorded](std::string&) {
    event->passed = std::max(event->passed, point);
    return CUDA_SUCCESS;
  }});
  return CUDA_SUCCESS;
}

CUresult cuEventQuery(CUevent handle) {
  EMULATED_CONTEXT_CALL("cuEventQuery");
  const std::shared_ptr<Event> event = state.event(handle);
  if (!event) return CUDA_ERROR_INVALID_HANDLE;
  if (event->passed < event->recorded) state.step();  // Whoever asks often enough sees it pass.
  if (event->context->lost != CUDA_SUCCESS) return event->context->lost;
  return event->passed >= event->recorded ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
}

CUresult cuEventSynchronize(CUevent handle) {
  EMULATED_CONTEXT_CALL("cuEventSynchronize");
  const std::shared_ptr<Event> event = state.event(handle);
  if (!event) return CUDA_ERROR_INVALID_HANDLE;
  state.run_until([&] { return event->passed >= event->recorded; });
  return event->context->lost;
}

}  // extern "C"
}  // namespace hearth::emulated_cuda
