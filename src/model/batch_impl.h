#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "hal/memory_pool.h"
#include "hearth/model.h"
#include "model/model_impl.h"
#include "model/workspace.h"

namespace hearth {

/// See Batch.
class BatchImpl {
 public:
  explicit BatchImpl(std::shared_ptr<ModelImpl> model);

  /// See Batch::run.
  Result<std::vector<Tensor>> run(std::string_view method, std::span<const Batch::Part> parts,
                                  std::span<const Tensor> inputs);
  /// Of the pages of keys and values that sessions got in run().
  const MemoryPool& pages() const { return *pages_; }

 private:
  Status check_parts(std::span<const Batch::Part> parts, std::span<const Tensor> inputs) const;

  std::shared_ptr<ModelImpl> model_;
  Workspace workspace_;
  // Pages stay long and are all alike: beside temporaries they would cut up each other's memory.
  std::shared_ptr<MemoryPool> pages_;
};

}  // namespace hearth
