#include "text/tokenizer/word_level_model.h"

namespace hearth::tokenizer {

Result<std::unique_ptr<const WordModel>> WordLevelModel::read(TableReader& reader, const Vocabulary& vocabulary) {
  HEARTH_ASSIGN_OR_RETURN(const OptionalToken unknown, read_optional_token(reader, vocabulary));
  return std::unique_ptr<const WordModel>(new WordLevelModel(vocabulary, unknown));
}

Status WordLevelModel::append_tokens(std::string_view word, WordScratch*, TokenIds& ids) const {
  OptionalToken token = vocabulary_.model_texts().find(word);
  if (!token) token = unknown_;
  if (!token) return no_unknown_token(word);
  ids.push_back(*token);
  return {};
}

}  // namespace hearth::tokenizer
