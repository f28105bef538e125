#include "pipelines/generate/constraint.h"

#include <algorithm>
#include <limits>
#include <string>

#include "base/errors.h"
#include "text/grammar/gbnf.h"
#include "text/grammar/json_schema.h"
#include "text/grammar/json_text.h"
#include "text/grammar/regex.h"

namespace hearth {
namespace {

Result<Grammar> grammar_of(const OutputForm& form) {
  switch (form.kind) {
    case OutputForm::Kind::kJsonObject:
      return json_grammar(JsonRoot::kObject);
    case OutputForm::Kind::kJsonSchema:
      return parse_json_schema(form.text);
    case OutputForm::Kind::kRegex:
      return regex_grammar(form.text);
    case OutputForm::Kind::kGrammar:
      return parse_gbnf(form.text);
    case OutputForm::Kind::kAny:
      break;
  }
  return error(StatusCode::kInternal, "any text needs no grammar");
}

}  // namespace

Result<TokenTrie> token_trie(const Tokenizer& tokenizer, int64_t vocabulary_size) {
  std::vector<std::string> bytes(static_cast<size_t>(vocabulary_size));
  const auto count = std::min(vocabulary_size, tokenizer.vocabulary_size());
  for (int64_t token = 0; token < count; ++token) {
    if (!tokenizer.is_special(token)) bytes[static_cast<size_t>(token)] = tokenizer.token_bytes(token);
  }
  const std::vector<std::string_view> views(bytes.begin(), bytes.end());
  return TokenTrie::create(views);
}

Result<Constraint> Constraint::create(const OutputForm& form, const TokenTrie& trie,
                                      std::span<const int64_t> end_tokens) {
  HEARTH_ASSIGN_OR_RETURN(const Grammar grammar, grammar_of(form));
  HEARTH_ASSIGN_OR_RETURN(GrammarMatcher matcher, GrammarMatcher::create(grammar));
  return Constraint(std::move(matcher), trie, end_tokens);
}

Result<bool> Constraint::apply(int64_t tokens_left, std::span<float> scores) {
  constexpr size_t kWordBits = 64;
  HEARTH_RETURN_IF_ERROR(matcher_.mask(*trie_, {.end_tokens = end_tokens_, .tokens_left = tokens_left}, bits_));
  bool any = false;
  for (size_t token = 0; token < scores.size(); ++token) {
    const bool may_come = (bits_[token / kWordBits] >> (token % kWordBits) & 1) != 0;
    any = any || may_come;
    if (!may_come) scores[token] = -std::numeric_limits<float>::infinity();
  }
  return any;
}

}  // namespace hearth
