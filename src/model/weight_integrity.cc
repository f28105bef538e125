#include "model/weight_integrity.h"

#include <functional>
#include <iterator>

#include "base/errors.h"

namespace hearth {
namespace {

/// Bytes of weights that are hashed within a few milliseconds.
constexpr size_t kFew = size_t{16} << 20;

}  // namespace

WeightIntegrity::WeightIntegrity(std::shared_ptr<const Archive> archive) : archive_(std::move(archive)) {
  for (const auto& [unused, tensor] : archive_->manifest().tensors) {
    const auto bytes = archive_->record(tensor.record);
    if (bytes.ok() && records_.emplace(bytes->data(), tensor.record).second) byte_count_ += bytes->size();
  }
}

Status WeightIntegrity::check_few() {
  if (byte_count_ > kFew) return {};
  for (const auto& [unused, record] : records_) HEARTH_RETURN_IF_ERROR(archive_->check(record));
  all_checked_ = true;
  return {};
}

Status WeightIntegrity::check_packed(std::span<const std::byte> weight) const {
  const std::span<const std::byte> file = archive_->bytes();
  if (std::less()(weight.data(), file.data()) || !std::less()(weight.data(), file.data() + file.size())) return {};
  const auto after = records_.upper_bound(weight.data());
  if (!all_checked_ && after != records_.begin()) HEARTH_RETURN_IF_ERROR(archive_->check(std::prev(after)->second));
  archive_->release_pages(weight);
  return {};
}

}  // namespace hearth
