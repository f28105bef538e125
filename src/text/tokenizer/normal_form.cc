#include "text/tokenizer/normal_form.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <memory>

#include "base/errors.h"
#include "text/utf8.h"

namespace hearth::tokenizer {
namespace {

struct Free {
  void operator()(utf8proc_uint8_t* text) const { std::free(text); }
};

int options_of(NormalForm form) {
  switch (form) {
    case NormalForm::kNfc:
      return UTF8PROC_COMPOSE;
    case NormalForm::kNfd:
      return UTF8PROC_DECOMPOSE;
    case NormalForm::kNfkc:
      return UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
    case NormalForm::kNfkd:
      return UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT;
  }
  return 0;
}

}  // namespace

Status append_normal_form(std::string_view text, NormalForm form, std::string& out) {
  if (std::ranges::all_of(text, [](char byte) { return static_cast<unsigned char>(byte) < 0x80; })) {
    out.append(text);
    return {};
  }
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | options_of(form));
  utf8proc_uint8_t* made = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                             static_cast<utf8proc_ssize_t>(text.size()), &made, options);
  const std::unique_ptr<utf8proc_uint8_t, Free> owner(made);
  if (size == UTF8PROC_ERROR_NOMEM) return Status(StatusCode::kOutOfMemory, "tokenizer: no memory to normalise a text");
  if (size < 0) {
    return invalid_argument("tokenizer: normalising {} bytes of text failed: {}; split the text", text.size(),
                            utf8proc_errmsg(size));
  }
  out.append(reinterpret_cast<const char*>(made), static_cast<size_t>(size));
  return {};
}

size_t grapheme_length(std::string_view text) {
  Utf8Step step = read_valid_utf8(text, 0);
  utf8proc_int32_t state = 0;
  size_t length = step.length;
  while (length < text.size()) {
    const auto previous = static_cast<utf8proc_int32_t>(step.code_point);
    step = read_valid_utf8(text, length);
    if (utf8proc_grapheme_break_stateful(previous, static_cast<utf8proc_int32_t>(step.code_point), &state)) break;
    length += step.length;
  }
  return length;
}

}  // namespace hearth::tokenizer
