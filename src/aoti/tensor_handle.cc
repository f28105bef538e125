#include "aoti/tensor_handle.h"

#include <memory>
#include <utility>

namespace hearth {
namespace {

constexpr size_t kKeptHandles = 256;

thread_local std::vector<std::unique_ptr<TensorHandle>> t_free;
thread_local std::vector<AtenTensorHandle>* t_recorded = nullptr;

}  // namespace

AtenTensorHandle new_handle(Tensor tensor) {
  if (t_free.empty()) return std::make_unique<TensorHandle>(TensorHandle{std::move(tensor)}).release();
  AtenTensorHandle handle = t_free.back().release();
  t_free.pop_back();
  handle->tensor = std::move(tensor);
  return handle;
}

void delete_handle(AtenTensorHandle handle) {
  if (!handle) return;
  std::unique_ptr<TensorHandle> owned(handle);
  owned->tensor = Tensor();
  if (t_free.size() < kKeptHandles) t_free.push_back(std::move(owned));
}

ScopedHandleRecorder::ScopedHandleRecorder(std::vector<AtenTensorHandle>& handles)
    : previous_(std::exchange(t_recorded, &handles)) {}
ScopedHandleRecorder::~ScopedHandleRecorder() { t_recorded = previous_; }

void ScopedHandleRecorder::record(AtenTensorHandle handle) {
  if (t_recorded) t_recorded->push_back(handle);
}

}  // namespace hearth
