#include "text/tokenizer/unigram_model.h"

#include <cmath>
#include <limits>

namespace hearth::tokenizer {
namespace {

/// What an unknown character costs more than the least probable piece.
constexpr double kUnknownPenalty = 10;

struct BestEnd {
  double score = 0;
  size_t begin = 0;
  uint32_t token = 0;
  bool reached = false;

  void offer(double other_score, size_t other_begin, uint32_t other_token) {
    if (!reached || other_score > score) *this = {other_score, other_begin, other_token, true};
  }
};

struct Piece {
  size_t begin;
  size_t end;
  uint32_t token;
};

}  // namespace

struct UnigramModel::Scratch final : WordScratch {
  std::vector<BestEnd> best;  ///< By the byte where pieces end.
  std::vector<Piece> pieces;
  std::vector<uint32_t> bytes;
};

UnigramModel::UnigramModel(const Vocabulary& vocabulary, PackedArray<double> scores)
    : vocabulary_(vocabulary), scores_(scores), byte_tokens_(vocabulary) {}

Result<std::unique_ptr<const WordModel>> UnigramModel::read(TableReader& reader, const Vocabulary& vocabulary) {
  HEARTH_ASSIGN_OR_RETURN(const OptionalToken unknown, read_optional_token(reader, vocabulary));
  const bool byte_fallback = reader.flag();
  const auto scores = reader.array<double>();
  // Tokens beyond the scores are added ones, which the tree does not lead to.
  if (scores.size() != vocabulary.size()) return damaged("{} tokens have {} scores", vocabulary.size(), scores.size());
  double least = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i])) return damaged("the score of token {} is no number", i);
    least = std::min(least, scores[i]);
  }
  std::unique_ptr<UnigramModel> model(new UnigramModel(vocabulary, scores));
  model->unknown_ = unknown;
  model->byte_fallback_ = byte_fallback;
  model->unknown_score_ = least - kUnknownPenalty;
  return std::unique_ptr<const WordModel>(std::move(model));
}

std::unique_ptr<WordScratch> UnigramModel::make_scratch() const { return std::make_unique<Scratch>(); }

bool UnigramModel::find_best(std::string_view word, Scratch& scratch) const {
  const Trie& texts = vocabulary_.model_texts();
  scratch.best.assign(word.size() + 1, BestEnd());
  for (size_t begin = 0; begin < word.size();) {
    const double score = scratch.best[begin].score;
    const size_t next = begin + read_valid_utf8(word, begin).length;
    bool next_reached = false;
    uint32_t node = Trie::kRoot;
    for (size_t end = begin; end < word.size();) {
      node = texts.child(node, word[end++]);
      if (node == Trie::kRoot) break;
      if (const OptionalToken token = texts.value(node)) {
        scratch.best[end].offer(scores_[*token] + score, begin, *token);
        next_reached |= end == next;
      }
    }
    if (!next_reached) {
      if (!unknown_) return false;
      scratch.best[next].offer(unknown_score_ + score, begin, *unknown_);
    }
    begin = next;
  }
  return true;
}

Status UnigramModel::append_unknown(std::string_view text, Scratch& scratch, TokenIds& ids) const {
  if (const OptionalToken token = vocabulary_.model_texts().find(text)) {
    ids.push_back(*token);
    return {};
  }
  scratch.bytes.clear();
  if (byte_fallback_ && byte_tokens_.append(text, scratch.bytes)) {
    ids.insert(ids.end(), scratch.bytes.begin(), scratch.bytes.end());
    return {};
  }
  if (!unknown_) return no_unknown_token(text);
  ids.push_back(*unknown_);
  return {};
}

Status UnigramModel::append_tokens(std::string_view word, WordScratch* given, TokenIds& ids) const {
  auto& scratch = static_cast<Scratch&>(*given);
  if (!find_best(word, scratch)) return no_unknown_token(word);
  scratch.pieces.clear();
  for (size_t end = word.size(); end > 0;) {
    const BestEnd& best = scratch.best[end];
    // Neighbours that are unknown count as one.
    if (best.token == unknown_ && !scratch.pieces.empty() && scratch.pieces.back().token == unknown_) {
      scratch.pieces.back().begin = best.begin;
    } else {
      scratch.pieces.push_back({best.begin, end, best.token});
    }
    end = best.begin;
  }
  for (auto piece = scratch.pieces.rbegin(); piece != scratch.pieces.rend(); ++piece) {
    if (piece->token == unknown_) {
      HEARTH_RETURN_IF_ERROR(append_unknown(word.substr(piece->begin, piece->end - piece->begin), scratch, ids));
    } else {
      ids.push_back(piece->token);
    }
  }
  return {};
}

}  // namespace hearth::tokenizer
