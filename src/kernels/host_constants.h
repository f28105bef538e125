#pragma once

#include <cstddef>
#include <map>
#include <optional>

#include "hearth/tensor.h"

namespace hearth {

/// Constants in a GPU's memory that the host has as well: a model's weights, which lie in its mapped file. Thread-safe
/// once all are added.
class HostConstants {
 public:
  /// `on_gpu` and `original` hold the same bytes for as long as this object lives.
  void add(const StorageRef& on_gpu, StorageRef original);
  /// What `tensor` of the GPU's memory shows, in the host's; nothing where the host does not have it.
  std::optional<Tensor> find(const Tensor& tensor) const;

 private:
  std::map<const std::byte*, StorageRef> originals_;  ///< By the first byte on the GPU.
};

}  // namespace hearth
