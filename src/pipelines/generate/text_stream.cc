#include "pipelines/generate/text_stream.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/errors.h"

namespace hearth {
namespace {

/// How many bytes at the end of `text` a stop string begins with.
size_t begun(std::string_view text, std::string_view stop) {
  size_t length = std::min(text.size(), stop.size() - 1);
  while (!text.ends_with(stop.substr(0, length))) --length;
  return length;
}

}  // namespace

TextStream::TextStream(const Tokenizer& tokenizer, std::span<const std::string> stops) : decoder_(tokenizer) {
  std::ranges::copy_if(stops, std::back_inserter(stops_), [](const std::string& stop) { return !stop.empty(); });
}

Result<std::string> TextStream::push(int64_t token) {
  if (is_stopped_) return std::string();
  HEARTH_ASSIGN_OR_RETURN(const std::string text, decoder_.push(token));
  held_ += text;
  return release();
}

Result<std::string> TextStream::finish() {
  if (is_stopped_) return std::string();
  HEARTH_ASSIGN_OR_RETURN(const std::string text, decoder_.finish());
  held_ += text;
  return release() + std::exchange(held_, {});
}

std::string TextStream::release() {
  size_t end = std::string::npos;
  size_t kept = 0;
  for (const std::string& stop : stops_) {
    end = std::min(end, held_.find(stop));
    kept = std::max(kept, begun(held_, stop));
  }
  is_stopped_ = end != std::string::npos;
  std::string given = held_.substr(0, is_stopped_ ? end : held_.size() - kept);
  held_.erase(0, is_stopped_ ? held_.size() : given.size());
  return given;
}

}  // namespace hearth
