#include "library/c_error.h"

#include <algorithm>

namespace hearth {

hearth_status report(StatusCode code, std::string_view message, hearth_error* error) noexcept {
  if (error != nullptr) {
    const auto continues = [&](size_t place) { return (static_cast<unsigned char>(message[place]) & 0xC0U) == 0x80U; };
    size_t length = std::min(message.size(), sizeof(error->message) - 1);
    while (length > 0 && length < message.size() && continues(length)) --length;
    error->code = static_cast<hearth_status>(code);
    std::copy_n(message.data(), length, error->message);
    error->message[length] = '\0';
  }
  return static_cast<hearth_status>(code);
}

}  // namespace hearth
