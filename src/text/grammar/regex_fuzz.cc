#include "text/grammar/json_text.h"
#include "text/grammar/matcher.h"
#include "text/grammar/regex.h"
#include "text/grammar/text_language.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto regex = hearth::parse_regex(text, hearth::RegexMeaning::kSearch); regex.ok()) {
    hearth::Grammar combined;
    const hearth::TextLanguage language{.required = {*std::move(regex), hearth::regex_of_length(2, 9)},
                                        .excluded = {hearth::regex_of_texts({"abc"})}};
    (void)hearth::add_language(combined, language, "text", hearth::json_character);
  }
  const auto grammar = hearth::regex_grammar(text);
  if (!grammar.ok()) return 0;
  auto matcher = hearth::GrammarMatcher::create(*grammar);
  if (matcher.ok()) (void)matcher->accept(text);
  return 0;
}
