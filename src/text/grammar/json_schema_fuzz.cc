#include "text/grammar/json_schema.h"
#include "text/grammar/matcher.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto grammar = hearth::parse_json_schema(text);
  if (!grammar.ok()) return 0;
  auto matcher = hearth::GrammarMatcher::create(*grammar);
  if (matcher.ok()) (void)matcher->accept(text);
  return 0;
}
