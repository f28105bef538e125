#include "text/grammar/matcher.h"
#include "text/grammar/regex.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)hearth::parse_regex(text, hearth::RegexMeaning::kSearch);
  const auto grammar = hearth::regex_grammar(text);
  if (!grammar.ok()) return 0;
  auto matcher = hearth::GrammarMatcher::create(*grammar);
  if (matcher.ok()) (void)matcher->accept(text);
  return 0;
}
