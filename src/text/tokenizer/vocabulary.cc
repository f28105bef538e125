#include "text/tokenizer/vocabulary.h"

namespace hearth::tokenizer {

Result<Vocabulary> Vocabulary::read(TableReader& reader) {
  Vocabulary vocabulary;
  HEARTH_ASSIGN_OR_RETURN(vocabulary.texts_, StringList::read(reader));
  vocabulary.flags_ = reader.array<uint8_t>();
  if (!reader.ok() || vocabulary.flags_.size() != vocabulary.size()) {
    return damaged("there are {} tokens, and flags of {}", vocabulary.size(), vocabulary.flags_.size());
  }
  HEARTH_ASSIGN_OR_RETURN(vocabulary.model_texts_, Trie::read(reader, vocabulary.size()));
  return vocabulary;
}

}  // namespace hearth::tokenizer
