#include "text/chat_template/origin_text.h"

#include <algorithm>
#include <utility>

namespace hearth::jinja {

OriginText::OriginText(std::string bytes, bool trusted) : bytes_(std::move(bytes)) {
  if (!bytes_.empty()) runs_.push_back({bytes_.size(), trusted});
}

std::vector<OriginText::Run>::const_iterator OriginText::run_at(size_t position) const {
  return std::ranges::upper_bound(runs_, position, {}, &Run::end);
}

bool OriginText::trusted_at(size_t position) const { return run_at(position)->trusted; }

void OriginText::append(std::string_view bytes, bool trusted) {
  if (bytes.empty()) return;
  bytes_ += bytes;
  if (runs_.empty() || runs_.back().trusted != trusted) {
    runs_.push_back({bytes_.size(), trusted});
  } else {
    runs_.back().end = bytes_.size();
  }
}

void OriginText::append(const OriginText& other, size_t begin, size_t size) {
  const size_t end = begin + size;
  for (auto run = other.run_at(begin); begin < end; ++run) {
    const size_t run_end = std::min(run->end, end);
    append(std::string_view(other.bytes_).substr(begin, run_end - begin), run->trusted);
    begin = run_end;
  }
}

OriginText OriginText::part(size_t begin, size_t size) const {
  OriginText result;
  result.append(*this, begin, size);
  return result;
}

}  // namespace hearth::jinja
