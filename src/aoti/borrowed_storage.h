#pragma once

#include "hearth/tensor.h"

namespace hearth {

/// Storage over memory that somebody else keeps alive. Constant when made inside a ScopedConstants.
StorageRef borrow_storage(void* data, size_t size, MemoryKind memory);

/// While it lives, this thread's borrowed storages are weights: a library that carries its own makes them in its
/// constructor.
class ScopedConstants {
 public:
  ScopedConstants();
  ~ScopedConstants();
  ScopedConstants(const ScopedConstants&) = delete;
  ScopedConstants& operator=(const ScopedConstants&) = delete;

  /// True once any was made.
  bool used() const { return used_; }

 private:
  friend StorageRef borrow_storage(void* data, size_t size, MemoryKind memory);
  ScopedConstants* previous_;
  bool used_ = false;
};

}  // namespace hearth
