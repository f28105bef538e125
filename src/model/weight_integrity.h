#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "archive/archive.h"
#include "hearth/status.h"

namespace hearth {

/// Compares weights with the hashes that the manifest gives: all at once where they are few; otherwise each when it is
/// packed, which reads every byte anyway. What a large model uses in place is left to `hearth verify`, so that opening
/// touches only what it needs.
class WeightIntegrity {
 public:
  explicit WeightIntegrity(std::shared_ptr<const Archive> archive);

  /// Checks all weights if they are few. kInvalidFile names the record that differs.
  Status check_few();

  /// Checks the weight that `weight` lies in, unless check_few did, and gives its pages back: nobody needs them once it
  /// is packed. Copies, on a GPU, lie in none and were checked before. Thread-safe. The same error.
  Status check_packed(std::span<const std::byte> weight) const;

 private:
  std::shared_ptr<const Archive> archive_;
  std::map<const std::byte*, std::string> records_;  ///< By their first byte.
  size_t byte_count_ = 0;
  bool all_checked_ = false;
};

}  // namespace hearth
