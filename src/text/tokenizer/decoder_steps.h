#pragma once

#include <optional>
#include <string>
#include <vector>

#include "text/tokenizer/decoder.h"

namespace hearth::tokenizer {

/// Takes a token into a step and appends the tokens that come out of it.
struct StepPush {
  Decoder::StepState& state;
  std::string_view token;
  std::vector<std::string>& out;

  Status operator()(const TokenNormalizer& step) const;
  Status operator()(const ByteFallback& step) const;
  Status operator()(const Fusion& step) const;
  Status operator()(const CharacterStrip& step) const;
  Status operator()(const MetaspaceDecoding& step) const;
  Status operator()(const WordPieceDecoding& step) const;
  Status operator()(const SuffixDecoding& step) const;
  Status operator()(const CtcDecoding& step) const;
  Status operator()(const ByteLevelDecoding& step) const;
  Status operator()(const SpaceJoin& step) const;
};

/// Appends what a step has held back until its last token.
struct StepFinish {
  Decoder::StepState& state;
  std::vector<std::string>& out;

  void operator()(const ByteFallback& step) const;
  void operator()(const SuffixDecoding& step) const;
  void operator()(const ByteLevelDecoding& step) const;
  template <typename Step>
  void operator()(const Step&) const {}
};

/// The bytes of a token in the middle of others, after a step.
struct StepBytes {
  std::string token;

  Result<std::string> operator()(const TokenNormalizer& step) const;
  Result<std::string> operator()(const ByteFallback& step) const;
  Result<std::string> operator()(const Fusion& step) const;
  Result<std::string> operator()(const CharacterStrip& step) const;
  Result<std::string> operator()(const MetaspaceDecoding& step) const;
  Result<std::string> operator()(const WordPieceDecoding& step) const;
  Result<std::string> operator()(const SuffixDecoding& step) const;
  Result<std::string> operator()(const CtcDecoding& step) const;
  Result<std::string> operator()(const ByteLevelDecoding& step) const;
  Result<std::string> operator()(const SpaceJoin& step) const;
};

}  // namespace hearth::tokenizer
