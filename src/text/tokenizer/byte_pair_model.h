#pragma once

#include "text/tokenizer/merge_table.h"
#include "text/tokenizer/word_model.h"

namespace hearth::tokenizer {

/// Byte pair encoding: a word's characters, joined pair by pair, each time the pair that training joined first, of
/// equals the leftmost. Time grows with n log n.
class BytePairModel final : public WordModel {
 public:
  static Result<std::unique_ptr<const WordModel>> read(TableReader& reader, const Vocabulary& vocabulary);
  std::unique_ptr<WordScratch> make_scratch() const override;
  Status append_tokens(std::string_view word, WordScratch* scratch, TokenIds& ids) const override;

 private:
  struct Scratch;
  static constexpr size_t kCommon = 0x180;  ///< Covers the alphabet of byte-level models.

  explicit BytePairModel(const Vocabulary& vocabulary);
  OptionalToken character_token(std::string_view word, size_t begin, size_t end, std::string& text) const;
  void append_characters(std::string_view word, Scratch& scratch) const;
  void join_pairs(Scratch& scratch) const;

  const Vocabulary& vocabulary_;
  ByteTokens byte_tokens_;
  std::array<OptionalToken, kCommon> common_;
  OptionalToken unknown_;
  bool fuse_unknown_ = false;
  bool byte_fallback_ = false;
  std::string_view inner_prefix_;  ///< Goes before characters that do not begin the word …
  std::string_view end_suffix_;    ///< … and after the one that ends it.
  MergeTable merges_;
};

}  // namespace hearth::tokenizer
