#include "kernels/key_value_cache.h"

#include <algorithm>
#include <array>

#include "base/errors.h"
#include "tensor/copy.h"

namespace hearth {
namespace {

/// A layer number beyond this is no model's, but a damaged file's.
constexpr int64_t kMostLayers = 1024;

int64_t pages_for(int64_t tokens) { return (tokens + KeyValueCache::kTokensOfPage - 1) / KeyValueCache::kTokensOfPage; }

/// `count` tokens of a page from `first` on.
Result<Tensor> part_of(const Tensor& page, int64_t first, int64_t count) {
  const std::array shape{int64_t{1}, page.size(1), count, page.size(3)};
  return Tensor::view(page.storage(), page.dtype(), shape, page.strides(), page.offset() + first * page.stride(2));
}

}  // namespace

Result<Tensor> by_head(const Tensor& rows, int64_t first, int64_t count) {
  const std::array shape{int64_t{1}, rows.size(1), count, rows.size(2)};
  const std::array strides{int64_t{0}, rows.stride(1), rows.stride(0), rows.stride(2)};
  return Tensor::view(rows.storage(), rows.dtype(), shape, strides, rows.offset() + first * rows.stride(0));
}

size_t KeyValueCache::byte_count() const {
  size_t bytes = 0;
  for (const Layer& layer : layers_) {
    for (const Tensor& page : layer.keys) bytes += page.byte_count();
    for (const Tensor& page : layer.values) bytes += page.byte_count();
  }
  return bytes;
}

Status KeyValueCache::append(MemoryPool& pool, int64_t layer, const Tensor& keys, const Tensor& values) {
  if (layer < 0 || layer >= kMostLayers) return invalid_argument("attention: {} is not a layer", layer);
  if (keys.rank() != 3 || values.rank() != 3 || keys.dtype() != values.dtype() || keys.size(0) != values.size(0) ||
      keys.size(1) != values.size(1)) {
    return invalid_argument("attention: keys {} and values {} do not go together", describe(keys), describe(values));
  }
  if (pending_ != 0 && pending_ != keys.size(0)) {
    return invalid_argument("attention: layer {} has {} tokens, another layer {}", layer, keys.size(0), pending_);
  }
  if (static_cast<size_t>(layer) >= layers_.size()) layers_.resize(static_cast<size_t>(layer) + 1);
  pending_ = keys.size(0);
  Layer& pages = layers_[static_cast<size_t>(layer)];
  HEARTH_RETURN_IF_ERROR(append_to(pool, pages.keys, keys));
  return append_to(pool, pages.values, values);
}

Status KeyValueCache::append_to(MemoryPool& pool, std::vector<Tensor>& pages, const Tensor& rows) {
  const int64_t heads = rows.size(1);
  const int64_t depth = rows.size(2);
  if (static_cast<int64_t>(pages.size()) < pages_for(length_)) {
    return invalid_argument("attention: the layer missed tokens of the sequence");
  }
  if (!pages.empty() && (pages[0].dtype() != rows.dtype() || pages[0].size(1) != heads || pages[0].size(3) != depth)) {
    return invalid_argument("attention: {} does not go with {} before it", describe(rows), describe(pages[0]));
  }
  const std::array shape{int64_t{1}, heads, kTokensOfPage, depth};
  for (int64_t done = 0; done < rows.size(0);) {
    const int64_t position = length_ + done;
    const auto number = static_cast<size_t>(position / kTokensOfPage);
    const int64_t first = position % kTokensOfPage;
    const int64_t count = std::min(kTokensOfPage - first, rows.size(0) - done);
    if (number == pages.size()) {
      HEARTH_ASSIGN_OR_RETURN(Tensor page, pool.empty(rows.dtype(), shape));
      pages.push_back(std::move(page));
    } else if (pages[number].storage()->is_shared()) {
      HEARTH_ASSIGN_OR_RETURN(const Tensor own, pool.empty(rows.dtype(), shape));
      HEARTH_ASSIGN_OR_RETURN(const Tensor before, part_of(pages[number], 0, first));
      HEARTH_ASSIGN_OR_RETURN(const Tensor same, part_of(own, 0, first));
      HEARTH_RETURN_IF_ERROR(copy_strided(same, before));
      pages[number] = own;
    }
    HEARTH_ASSIGN_OR_RETURN(const Tensor to, part_of(pages[number], first, count));
    HEARTH_ASSIGN_OR_RETURN(const Tensor from, by_head(rows, done, count));
    HEARTH_RETURN_IF_ERROR(copy_strided(to, from));
    done += count;
  }
  return {};
}

void KeyValueCache::commit() {
  length_ += pending_;
  pending_ = 0;
}

Status KeyValueCache::truncate(int64_t length) {
  if (length < 0 || length > length_) {
    return invalid_argument("the sequence has {} tokens; it cannot be taken back to {}", length_, length);
  }
  length_ = length;
  pending_ = 0;
  const auto kept = static_cast<size_t>(pages_for(length));
  for (Layer& layer : layers_) {
    layer.keys.resize(std::min(layer.keys.size(), kept));
    layer.values.resize(std::min(layer.values.size(), kept));
  }
  return {};
}

}  // namespace hearth
