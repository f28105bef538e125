#include "text/grammar/gbnf.h"
#include "text/grammar/matcher.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto grammar = hearth::parse_gbnf({reinterpret_cast<const char*>(data), size});
  if (!grammar.ok()) return 0;
  auto matcher = hearth::GrammarMatcher::create(*grammar);
  if (!matcher.ok()) return 0;
  (void)matcher->accept({reinterpret_cast<const char*>(data), size});
  return 0;
}
