#include "pipelines/generate/text_model.h"

#include <algorithm>

#include "base/errors.h"
#include "model/model_impl.h"

namespace hearth {

Result<std::shared_ptr<TextModel>> TextModel::open(const Model& model) {
  const Archive& archive = model.impl()->archive();
  HEARTH_ASSIGN_OR_RETURN(const GeneratorPlan plan, plan_generator(archive.manifest()));
  HEARTH_ASSIGN_OR_RETURN(TextReader reader, TextReader::open(archive, plan.pipeline->generation));
  return std::shared_ptr<TextModel>(new TextModel(model, plan, std::move(reader)));
}

bool TextModel::is_end(int64_t token) const {
  return std::ranges::find(facts().end_tokens, token) != facts().end_tokens.end();
}

Status TextModel::check(std::span<const int64_t> prompt, const GenerateOptions& options) const {
  if (prompt.empty()) return invalid_argument("the prompt is empty");
  for (const int64_t token : prompt) {
    if (token >= 0 && token < facts().vocabulary_size) continue;
    return invalid_argument("{} is not a token of the model, which has {}", token, facts().vocabulary_size);
  }
  const auto count = static_cast<int64_t>(prompt.size());
  if (count >= facts().context_length) {
    return invalid_argument("the prompt has {} tokens, and the model's context takes {}, its answer included", count,
                            facts().context_length);
  }
  if (options.guessed_tokens < 0 || options.likeliest_tokens.value_or(0) < 0) {
    return invalid_argument("guessed_tokens is {} and likeliest_tokens {}: neither is less than 0",
                            options.guessed_tokens, options.likeliest_tokens.value_or(0));
  }
  const bool needs_text = !options.stop_strings.empty() || options.form.kind != OutputForm::Kind::kAny;
  if (!needs_text || reader_.tokenizer()) return {};
  return invalid_argument("stop strings and forms need a tokenizer, which the model's file does not have");
}

Result<const TokenTrie*> TextModel::trie() {
  const std::lock_guard lock(mutex_);
  if (!trie_) {
    HEARTH_ASSIGN_OR_RETURN(trie_, token_trie(*reader_.tokenizer(), facts().vocabulary_size));
  }
  return &*trie_;
}

Result<std::optional<Constraint>> TextModel::constraint(const GenerateOptions& options) {
  if (options.form.kind == OutputForm::Kind::kAny) return std::optional<Constraint>();
  HEARTH_ASSIGN_OR_RETURN(const TokenTrie* tokens, trie());
  const std::span<const int64_t> ends = options.stops_at_end ? facts().end_tokens : std::span<const int64_t>();
  HEARTH_ASSIGN_OR_RETURN(Constraint constraint, Constraint::create(options.form, *tokens, ends));
  return std::optional(std::move(constraint));
}

}  // namespace hearth
