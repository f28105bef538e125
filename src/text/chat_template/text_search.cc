#include "text/chat_template/text_search.h"

#include <cstring>

#include "base/errors.h"

namespace hearth::jinja {

Result<size_t> find_text(Budget& budget, std::string_view text, std::string_view wanted, size_t begin) {
  if (begin > text.size()) return std::string_view::npos;
  // std::string_view::find would take the product of both sizes for 'aaa…b' in 'aaa…'.
  const void* found = memmem(text.data() + begin, text.size() - begin, wanted.data(), wanted.size());
  const size_t position =
      found ? static_cast<size_t>(static_cast<const char*>(found) - text.data()) : std::string_view::npos;
  const size_t read = (found ? position : text.size()) - begin + wanted.size();
  HEARTH_RETURN_IF_ERROR(budget.step(1 + read / 64));
  return position;
}

Result<size_t> find_last_text(Budget& budget, std::string_view text, std::string_view wanted, size_t end) {
  if (wanted.size() > end) return std::string_view::npos;
  HEARTH_RETURN_IF_ERROR(budget.step(1 + end * (wanted.size() + 1) / 128));
  return text.substr(0, end).rfind(wanted);
}

}  // namespace hearth::jinja
