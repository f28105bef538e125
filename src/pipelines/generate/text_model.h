#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>

#include "hearth/generate.h"
#include "hearth/model.h"
#include "pipelines/generate/constraint.h"
#include "pipelines/generate/generator_plan.h"
#include "pipelines/generate/text_reader.h"

namespace hearth {

/// What all generations of a language model share. Thread-safe.
class TextModel {
 public:
  /// kInvalidArgument when the model is not for text generation.
  static Result<std::shared_ptr<TextModel>> open(const Model& model);

  const Model& model() const { return model_; }
  const GeneratorPlan& plan() const { return plan_; }
  const TextGeneration& facts() const { return plan_.pipeline->generation; }
  const TextReader& reader() const { return reader_; }
  bool is_end(int64_t token) const;

  /// See TextGenerator::generate for what is refused.
  Status check(std::span<const int64_t> prompt, const GenerateOptions& options) const;
  /// What keeps a text to the form that the options ask for; nothing for any text. Its first call may take a while.
  /// The object outlives it.
  Result<std::optional<Constraint>> constraint(const GenerateOptions& options);

 private:
  TextModel(const Model& model, const GeneratorPlan& plan, TextReader reader)
      : model_(model), plan_(plan), reader_(std::move(reader)) {}
  Result<const TokenTrie*> trie();

  Model model_;
  GeneratorPlan plan_;  ///< Points into the model's manifest.
  TextReader reader_;
  std::mutex mutex_;               ///< Of trie_, which does not change once it is there.
  std::optional<TokenTrie> trie_;  ///< For forms, once one was asked for.
};

}  // namespace hearth
