#include "text/tokenizer/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>

namespace hearth::tokenizer {
namespace {

constexpr size_t kLongestPattern = size_t{1} << 20;
constexpr uint32_t kMatchSteps = 100'000'000;
constexpr uint32_t kMatchHeapKib = 256 * 1024;

std::string message_of(int code) {
  std::array<PCRE2_UCHAR, 256> text{};
  const int size = pcre2_get_error_message(code, text.data(), text.size());
  return {reinterpret_cast<const char*>(text.data()), static_cast<size_t>(size < 0 ? 0 : size)};
}

PCRE2_SPTR data_of(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.empty() ? "" : text.data()); }

}  // namespace

void Regex::Free::operator()(pcre2_real_code_8* code) const { pcre2_code_free(code); }
void Regex::Free::operator()(pcre2_real_match_context_8* context) const { pcre2_match_context_free(context); }
void RegexSearch::Free::operator()(pcre2_real_match_data_8* data) const { pcre2_match_data_free(data); }

Result<Regex> Regex::compile(std::string_view pattern) {
  if (pattern.size() > kLongestPattern) return damaged("a pattern of {} bytes is too long", pattern.size());
  int code = 0;
  PCRE2_SIZE offset = 0;
  Regex regex;
  regex.code_.reset(
      pcre2_compile(data_of(pattern), pattern.size(), PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &code, &offset, nullptr));
  if (!regex.code_) return damaged("a pattern is refused at byte {}: {}", offset, message_of(code));
  // Where there is no just-in-time compiler, PCRE2 interprets the pattern.
  (void)pcre2_jit_compile(regex.code_.get(), PCRE2_JIT_COMPLETE);
  regex.context_.reset(pcre2_match_context_create(nullptr));
  if (!regex.context_) return Status(StatusCode::kOutOfMemory, "tokenizer table: no memory for a pattern");
  pcre2_set_match_limit(regex.context_.get(), kMatchSteps);
  pcre2_set_heap_limit(regex.context_.get(), kMatchHeapKib);
  return regex;
}

RegexSearch::RegexSearch(const Regex& regex) : regex_(regex), data_(pcre2_match_data_create(1, nullptr)) {}

void RegexSearch::begin(std::string_view text) {
  text_ = text;
  from_ = 0;
  last_end_.reset();
}

int RegexSearch::search(size_t from) {
  const auto match = [&](uint32_t options) {
    return pcre2_match(regex_.code_.get(), data_of(text_), text_.size(), from, options | PCRE2_NO_UTF_CHECK,
                       data_.get(), regex_.context_.get());
  };
  const int found = match(0);
  // Compiled code has a small stack; the interpreter takes the heap.
  return found == PCRE2_ERROR_JIT_STACKLIMIT ? match(PCRE2_NO_JIT) : found;
}

Result<std::optional<RegexSearch::Match>> RegexSearch::next() {
  if (!data_) return Status(StatusCode::kOutOfMemory, "tokenizer: no memory to search a pattern");
  while (from_ <= text_.size()) {
    const int found = search(from_);
    if (found == PCRE2_ERROR_NOMATCH) break;
    if (found < 0) {
      return invalid_argument("tokenizer: splitting {} bytes of text failed: {}; split the text yourself", text_.size(),
                              message_of(found));
    }
    const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data_.get());
    const Match match{bounds[0], bounds[1]};
    if (match.begin > match.end || match.begin < from_) return damaged("a pattern matches backwards");
    if (match.begin == match.end && last_end_ == match.end) {
      from_ += from_ < text_.size() ? read_valid_utf8(text_, from_).length : 1;
      continue;
    }
    from_ = match.end;
    last_end_ = match.end;
    return std::optional(match);
  }
  from_ = text_.size() + 1;
  return std::optional<Match>();
}

}  // namespace hearth::tokenizer
