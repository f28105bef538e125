#include "text/tokenizer/word_model.h"

#include <algorithm>

#include "text/tokenizer/byte_pair_model.h"
#include "text/tokenizer/unigram_model.h"
#include "text/tokenizer/word_level_model.h"
#include "text/tokenizer/word_piece_model.h"

namespace hearth::tokenizer {
namespace {

constexpr uint32_t kNoToken = 0xFFFFFFFF;

}  // namespace

Result<std::unique_ptr<const WordModel>> WordModel::read(TableReader& reader, const Vocabulary& vocabulary) {
  const auto kind = reader.number<uint8_t>();
  switch (kind) {
    case 1:
      return BytePairModel::read(reader, vocabulary);
    case 2:
      return UnigramModel::read(reader, vocabulary);
    case 3:
      return WordPieceModel::read(reader, vocabulary);
    case 4:
      return WordLevelModel::read(reader, vocabulary);
    default:
      return damaged("there is no model {}", kind);
  }
}

Result<OptionalToken> read_optional_token(TableReader& reader, const Vocabulary& vocabulary) {
  const auto token = reader.number<uint32_t>();
  if (token == kNoToken) return OptionalToken();
  if (token >= vocabulary.size()) return damaged("token {} is used, there are {}", token, vocabulary.size());
  return OptionalToken(token);
}

Status no_unknown_token(std::string_view word) {
  return invalid_argument(
      "tokenizer: the model has no token for '{}', and none for what it does not know; leave it out",
      word.substr(0, 64));
}

ByteTokens::ByteTokens(const Vocabulary& vocabulary) {
  for (size_t byte = 0; byte < tokens_.size(); ++byte) {
    tokens_[byte] = vocabulary.model_texts().find(fmt::format("<0x{:02X}>", byte));
  }
}

bool ByteTokens::append(std::string_view bytes, std::vector<uint32_t>& ids) const {
  const auto token = [&](char byte) { return tokens_[static_cast<unsigned char>(byte)]; };
  if (!std::ranges::all_of(bytes, [&](char byte) { return token(byte).has_value(); })) return false;
  for (const char byte : bytes) ids.push_back(token(byte).value_or(0));
  return true;
}

}  // namespace hearth::tokenizer
