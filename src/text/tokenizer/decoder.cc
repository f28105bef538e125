#include "text/tokenizer/decoder.h"

#include "text/tokenizer/decoder_steps.h"
#include "text/tokenizer/limits.h"

namespace hearth::tokenizer {
namespace {

/// One character.
Result<std::string_view> read_character(TableReader& reader) {
  const std::string_view text = reader.text();
  if (text.empty() || read_utf8(text, 0).length != text.size()) return damaged("'{}' is no single character", text);
  return text;
}

}  // namespace

Result<Decoder::Step> Decoder::read_step(TableReader& reader, bool fused) {
  const auto kind = reader.number<uint8_t>();
  if (fused && kind != 3 && kind != 4) return damaged("decoder {} cannot follow one that joins all tokens", kind);
  switch (kind) {
    case 1: {
      HEARTH_ASSIGN_OR_RETURN(NormalizerStep step, NormalizerStep::read(reader));
      return Step(TokenNormalizer{std::move(step)});
    }
    case 2:
      return Step(ByteFallback{});
    case 3:
      return Step(Fusion{});
    case 4: {
      HEARTH_ASSIGN_OR_RETURN(const std::string_view character, read_character(reader));
      const auto start = reader.number<uint32_t>();
      return Step(CharacterStrip{character, start, reader.number<uint32_t>(), fused});
    }
    case 5: {
      HEARTH_ASSIGN_OR_RETURN(const std::string_view character, read_character(reader));
      return Step(MetaspaceDecoding{character, reader.flag()});
    }
    case 6: {
      const std::string_view prefix = reader.text();
      return Step(WordPieceDecoding{prefix, reader.flag()});
    }
    case 7:
      return Step(SuffixDecoding{reader.text()});
    case 8: {
      const std::string_view padding = reader.text();
      const std::string_view delimiter = reader.text();
      return Step(CtcDecoding{padding, delimiter, reader.flag()});
    }
    case 9:
      return Step(ByteLevelDecoding{});
    case 10:
      return Step(SpaceJoin{});
    default:
      return damaged("there is no decoder {}", kind);
  }
}

Result<Decoder> Decoder::read(TableReader& reader) {
  Decoder decoder;
  bool fused = false;
  const auto count = reader.number<uint32_t>();
  if (count > kMostSteps) return damaged("{} decoders are too many", count);
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    HEARTH_ASSIGN_OR_RETURN(Step step, read_step(reader, fused));
    fused |= std::holds_alternative<Fusion>(step) || std::holds_alternative<ByteLevelDecoding>(step);
    decoder.steps_.push_back(std::move(step));
  }
  if (!reader.ok()) return damaged("the decoders are cut off");
  return decoder;
}

Status Decoder::run(State& state, std::vector<std::string> tokens, bool finish, std::string& text) const {
  std::vector<std::string> next;
  for (size_t i = 0; i < steps_.size(); ++i) {
    next.clear();
    for (const std::string& token : tokens) {
      HEARTH_RETURN_IF_ERROR(std::visit(StepPush{state[i], token, next}, steps_[i]));
    }
    if (finish) std::visit(StepFinish{state[i], next}, steps_[i]);
    tokens.swap(next);
  }
  for (const std::string& token : tokens) text.append(token);
  return {};
}

Status Decoder::push(State& state, std::string_view token, std::string& text) const {
  return run(state, {std::string(token)}, false, text);
}

Status Decoder::finish(State& state, std::string& text) const { return run(state, {}, true, text); }

Result<std::string> Decoder::bytes(std::string_view token) const {
  std::string result(token);
  for (const Step& step : steps_) {
    HEARTH_ASSIGN_OR_RETURN(result, std::visit(StepBytes{std::move(result)}, step));
  }
  return result;
}

}  // namespace hearth::tokenizer
