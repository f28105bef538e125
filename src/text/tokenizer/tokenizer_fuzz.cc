#include "text/tokenizer/tokenizer.h"

#include <algorithm>

// A table, and texts that reach all its steps.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto tokenizer = hearth::Tokenizer::open(std::as_bytes(std::span(data, size)));
  if (!tokenizer.ok()) return 0;
  // The end of the table, too, is a text: often broken UTF-8, and with the tokens that mutations put there.
  const std::string_view end(reinterpret_cast<const char*>(data) + size - std::min<size_t>(size, 64),
                             std::min<size_t>(size, 64));
  const hearth::TextSegment segments[] = {{" It's 2024, e\xCC\x81 \xE6\xBC\xA2\xE5\xAD\x97 <s>\t\n", true},
                                          {end, false},
                                          {"\xF0\x9F\x91\x8D\xFF a  b", true}};
  if (const auto ids = tokenizer->encode(segments); ids.ok()) (void)tokenizer->decode(*ids);
  for (int64_t id = 0; id < std::min<int64_t>(64, tokenizer->vocabulary_size()); ++id) {
    (void)tokenizer->token_bytes(id);
    (void)tokenizer->decode({{id, 0, id}}, false);
  }
  (void)tokenizer->find(end);
  return 0;
}
