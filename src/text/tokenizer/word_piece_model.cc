#include "text/tokenizer/word_piece_model.h"

namespace hearth::tokenizer {

Result<std::unique_ptr<const WordModel>> WordPieceModel::read(TableReader& reader, const Vocabulary& vocabulary) {
  std::unique_ptr<WordPieceModel> model(new WordPieceModel(vocabulary));
  HEARTH_ASSIGN_OR_RETURN(model->unknown_, read_optional_token(reader, vocabulary));
  model->longest_word_ = reader.number<uint32_t>();
  model->continuation_ = vocabulary.model_texts().walk(Trie::kRoot, reader.text());
  return std::unique_ptr<const WordModel>(std::move(model));
}

bool WordPieceModel::append_pieces(std::string_view word, TokenIds& ids) const {
  const Trie& texts = vocabulary_.model_texts();
  for (size_t begin = 0; begin < word.size();) {
    if (begin > 0 && !continuation_) return false;
    uint32_t node = begin > 0 ? *continuation_ : Trie::kRoot;
    OptionalToken longest;
    size_t longest_end = begin;
    for (size_t end = begin; end < word.size();) {
      node = texts.child(node, word[end++]);
      if (node == Trie::kRoot) break;
      if (const OptionalToken token = texts.value(node)) {
        longest = token;
        longest_end = end;
      }
    }
    if (!longest) return false;
    ids.push_back(*longest);
    begin = longest_end;
  }
  return true;
}

Status WordPieceModel::append_tokens(std::string_view word, WordScratch*, TokenIds& ids) const {
  const size_t before = ids.size();
  if (count_characters(word) <= longest_word_ && append_pieces(word, ids)) return {};
  ids.resize(before);
  if (!unknown_) return no_unknown_token(word);
  ids.push_back(*unknown_);
  return {};
}

}  // namespace hearth::tokenizer
