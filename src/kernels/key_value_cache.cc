#include "kernels/key_value_cache.h"

#include <algorithm>
#include <array>

#include "base/errors.h"

namespace hearth {
namespace {

int64_t pages_for(int64_t tokens) { return (tokens + KeyValueCache::kTokensOfPage - 1) / KeyValueCache::kTokensOfPage; }

bool takes(const std::vector<CachePage>& pages, DType dtype, const Tensor& rows) {
  return pages.empty() || (pages[0].rows.dtype() == dtype && pages[0].rows.size(1) == rows.size(1) &&
                           pages[0].rows.size(3) == rows.size(2));
}

/// Gives back the pages that no later token looks at, some tokens apart.
void give_back(KeyValueCache::Layer& layer, int64_t length) {
  if (layer.window <= 0) return;
  const int64_t first = length + 1 - layer.window - KeyValueCache::kTokensToGoBack;
  const int64_t count = first / KeyValueCache::kTokensOfPage - layer.first_page;
  if (count <= 0) return;
  layer.keys.erase(layer.keys.begin(), layer.keys.begin() + count);
  layer.values.erase(layer.values.begin(), layer.values.begin() + count);
  layer.first_page += count;
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
    for (const CachePage& page : layer.keys) bytes += page.byte_count();
    for (const CachePage& page : layer.values) bytes += page.byte_count();
  }
  return bytes;
}

Status KeyValueCache::append(MemoryPool& pool, int64_t layer, const Tensor& keys, const Tensor& values,
                             int64_t window) {
  if (layer < 0 || layer >= kMostLayers) return invalid_argument("attention: {} is not a layer", layer);
  if (window < 0) return invalid_argument("attention: a window of {} tokens", window);
  if (keys.rank() != 3 || values.rank() != 3 || keys.dtype() != values.dtype() || keys.size(0) != values.size(0) ||
      keys.size(1) != values.size(1)) {
    return invalid_argument("attention: keys {} and values {} do not go together", describe(keys), describe(values));
  }
  if (pending_ != 0 && pending_ != keys.size(0)) {
    return invalid_argument("attention: layer {} has {} tokens, another layer {}", layer, keys.size(0), pending_);
  }
  if (static_cast<size_t>(layer) >= layers_.size()) layers_.resize(static_cast<size_t>(layer) + 1);
  Layer& pages = layers_[static_cast<size_t>(layer)];
  HEARTH_RETURN_IF_ERROR(check_layer(layer, pages, keys, values, window));
  pending_ = keys.size(0);
  const bool looks_at_all = window == 0 || pages.window == 0;
  pages.window = looks_at_all ? 0 : std::max(window, pages.window);
  HEARTH_RETURN_IF_ERROR(append_to(pool, pages, pages.keys, keys));
  HEARTH_RETURN_IF_ERROR(append_to(pool, pages, pages.values, values));
  pages.tokens = length_ + keys.size(0);
  return {};
}

Status KeyValueCache::check_layer(int64_t number, const Layer& layer, const Tensor& keys, const Tensor& values,
                                  int64_t window) const {
  if (layer.tokens < length_) {
    return invalid_argument("attention: layer {} missed tokens of the sequence", number);
  }
  const DType dtype = page_dtype(keys.dtype(), dtype_);
  if (!takes(layer.keys, dtype, keys) || !takes(layer.values, dtype, values)) {
    return invalid_argument("attention: keys {} of layer {} do not go with {} before them", describe(keys), number,
                            describe(layer.keys[0].rows));
  }
  const int64_t kept = layer.first_page * kTokensOfPage;
  if (kept > 0 && (window == 0 || length_ + 1 - window < kept)) {
    return invalid_argument("attention: layer {} looks back at tokens that it gave back with a window of {}", number,
                            layer.window);
  }
  return {};
}

Status KeyValueCache::append_to(MemoryPool& pool, const Layer& layer, std::vector<CachePage>& pages,
                                const Tensor& rows) const {
  const DType dtype = page_dtype(rows.dtype(), dtype_);
  for (int64_t done = 0; done < rows.size(0);) {
    const int64_t position = length_ + done;
    const auto number = static_cast<size_t>(position / kTokensOfPage - layer.first_page);
    const int64_t first = position % kTokensOfPage;
    const int64_t count = std::min(kTokensOfPage - first, rows.size(0) - done);
    if (number == pages.size()) {
      HEARTH_ASSIGN_OR_RETURN(CachePage page, empty_page(pool, dtype, rows.size(1), rows.size(2)));
      pages.push_back(std::move(page));
    } else if (pages[number].is_shared()) {
      HEARTH_ASSIGN_OR_RETURN(CachePage own, empty_page(pool, dtype, rows.size(1), rows.size(2)));
      HEARTH_RETURN_IF_ERROR(copy_tokens(own, pages[number], first));
      pages[number] = std::move(own);
    }
    HEARTH_ASSIGN_OR_RETURN(const Tensor from, by_head(rows, done, count));
    HEARTH_RETURN_IF_ERROR(write_rows(pages[number], first, from));
    done += count;
  }
  return {};
}

void KeyValueCache::commit() {
  length_ += pending_;
  pending_ = 0;
  for (Layer& layer : layers_) {
    if (layer.tokens >= length_) give_back(layer, length_);
  }
}

void KeyValueCache::abandon() {
  pending_ = 0;
  for (Layer& layer : layers_) layer.tokens = std::min(layer.tokens, length_);
}

int64_t KeyValueCache::shortest_truncation() const {
  int64_t shortest = 0;
  for (const Layer& layer : layers_) {
    if (layer.first_page > 0) shortest = std::max(shortest, layer.first_page * kTokensOfPage + layer.window - 1);
  }
  return shortest;
}

Status KeyValueCache::truncate(int64_t length) {
  if (length < 0 || length > length_) {
    return invalid_argument("the sequence has {} tokens; it cannot be taken back to {}", length_, length);
  }
  if (length > 0 && length < shortest_truncation()) {
    return invalid_argument(
        "the sequence cannot be taken back to {} tokens: layers with a sliding window gave back what these look at; {} "
        "is the least, or take it back to 0 and run the tokens again",
        length, shortest_truncation());
  }
  length_ = length;
  pending_ = 0;
  if (length == 0) layers_.clear();
  for (Layer& layer : layers_) {
    const auto kept = static_cast<size_t>(std::max<int64_t>(pages_for(length) - layer.first_page, 0));
    layer.keys.resize(std::min(layer.keys.size(), kept));
    layer.values.resize(std::min(layer.values.size(), kept));
    layer.tokens = std::min(layer.tokens, length);
  }
  return {};
}

}  // namespace hearth
