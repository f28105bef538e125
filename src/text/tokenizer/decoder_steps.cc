#include "text/tokenizer/decoder_steps.h"

#include <array>
#include <utility>

#include "text/tokenizer/byte_level.h"

namespace hearth::tokenizer {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

std::string replaced(std::string_view text, std::string_view pattern, std::string_view content) {
  std::string result;
  if (pattern.empty()) return std::string(text);
  for (size_t at = 0;;) {
    const size_t found = text.find(pattern, at);
    result.append(text.substr(at, found == std::string_view::npos ? found : found - at));
    if (found == std::string_view::npos) return result;
    result.append(content);
    at = found + pattern.size();
  }
}

/// English as it is written: the `tokenizers` library's rules, in its order.
std::string cleaned_up(std::string text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kRules{{{" .", "."},
                                                                                         {" ?", "?"},
                                                                                         {" !", "!"},
                                                                                         {" ,", ","},
                                                                                         {" ' ", "'"},
                                                                                         {" n't", "n't"},
                                                                                         {" 'm", "'m"},
                                                                                         {" do not", " don't"},
                                                                                         {" 's", "'s"},
                                                                                         {" 've", "'ve"},
                                                                                         {" 're", "'re"}}};
  for (const auto& [pattern, content] : kRules) text = replaced(text, pattern, content);
  return text;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The byte that "<0x2A>" stands for. As in the original, "<0x+F>" stands for one too.
std::optional<char> byte_of(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || !token.ends_with('>')) return std::nullopt;
  const int high = token[3] == '+' ? 0 : digit(token[3]);
  const int low = digit(token[4]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high * 16 + low);
}

/// Drops a character from the start of `text`, at most `most` times, and says how often.
uint32_t strip_start(std::string_view& text, std::string_view character, uint32_t most) {
  uint32_t count = 0;
  for (; count < most && !text.empty() && text.starts_with(character); ++count) text.remove_prefix(character.size());
  return count;
}

uint32_t strip_end(std::string_view& text, std::string_view character, uint32_t most) {
  uint32_t count = 0;
  for (; count < most && !text.empty() && text.ends_with(character); ++count) text.remove_suffix(character.size());
  return count;
}

std::string metaspace_decoded(const MetaspaceDecoding& step, std::string_view token, bool first) {
  return replaced(token, step.character, first && step.drop_in_first ? "" : " ");
}

std::string word_piece_decoded(const WordPieceDecoding& step, std::string_view token, bool first) {
  std::string text;
  if (first) {
    text = token;
  } else if (token.starts_with(step.prefix)) {
    text = token.substr(step.prefix.size());
  } else {
    text.append(" ").append(token);
  }
  return step.clean_up ? cleaned_up(std::move(text)) : text;
}

std::string ctc_decoded(const CtcDecoding& step, std::string_view token) {
  std::string text = replaced(token, step.padding, "");
  return step.clean_up ? replaced(cleaned_up(std::move(text)), step.word_delimiter, " ") : text;
}

}  // namespace

Status StepPush::operator()(const TokenNormalizer& step) const { return step.step.append(token, out.emplace_back()); }

Status StepPush::operator()(const ByteFallback& step) const {
  if (const auto byte = byte_of(token)) {
    state.held.push_back(*byte);
  } else {
    StepFinish{state, out}(step);
    out.emplace_back(token);
  }
  return {};
}

Status StepPush::operator()(const Fusion&) const {
  out.emplace_back(token);
  return {};
}

Status StepPush::operator()(const CharacterStrip& step) const {
  if (!step.fused) {
    std::string_view text = token;
    strip_start(text, step.character, step.start);
    strip_end(text, step.character, step.stop);
    out.emplace_back(text);
    return {};
  }
  std::string_view text = token;
  if (!state.started) state.dropped += strip_start(text, step.character, step.start - state.dropped);
  state.started |= !text.empty();
  std::string held_and_text = std::exchange(state.held, {}).append(text);
  std::string_view certain = held_and_text;
  strip_end(certain, step.character, step.stop);
  out.emplace_back(certain);
  state.held = held_and_text.substr(certain.size());
  return {};
}

Status StepPush::operator()(const MetaspaceDecoding& step) const {
  out.push_back(metaspace_decoded(step, token, !std::exchange(state.started, true)));
  return {};
}

Status StepPush::operator()(const WordPieceDecoding& step) const {
  out.push_back(word_piece_decoded(step, token, !std::exchange(state.started, true)));
  return {};
}

Status StepPush::operator()(const SuffixDecoding& step) const {
  if (std::exchange(state.holds, false)) out.push_back(replaced(state.held, step.suffix, " "));
  state.holds = token.find(step.suffix) != std::string_view::npos;
  if (state.holds) {
    state.held = token;
  } else {
    out.emplace_back(token);
  }
  return {};
}

Status StepPush::operator()(const CtcDecoding& step) const {
  if (std::exchange(state.started, true) && state.held == token) return {};
  state.held = token;
  if (std::string text = ctc_decoded(step, token); !text.empty()) out.push_back(std::move(text));
  return {};
}

Status StepPush::operator()(const ByteLevelDecoding&) const {
  append_bytes_of_characters(token, state.held);
  const size_t certain = state.held.size() - cut_utf8_bytes(state.held);
  out.push_back(repaired_utf8(std::string_view(state.held).substr(0, certain)));
  state.held.erase(0, certain);
  return {};
}

Status StepPush::operator()(const SpaceJoin&) const {
  out.emplace_back(std::exchange(state.started, true) ? " " : "").append(token);
  return {};
}

void StepFinish::operator()(const ByteFallback&) const {
  if (state.held.empty()) return;
  if (is_valid_utf8(state.held)) {
    out.push_back(std::move(state.held));
  } else {
    for (size_t i = 0; i < state.held.size(); ++i) out.emplace_back(kReplacement);
  }
  state.held.clear();
}

void StepFinish::operator()(const SuffixDecoding& step) const {
  if (std::exchange(state.holds, false)) out.push_back(replaced(state.held, step.suffix, ""));
}

void StepFinish::operator()(const ByteLevelDecoding&) const {
  out.push_back(repaired_utf8(std::exchange(state.held, {})));
}

Result<std::string> StepBytes::operator()(const TokenNormalizer& step) const {
  std::string out;
  HEARTH_RETURN_IF_ERROR(step.step.append(token, out));
  return out;
}

Result<std::string> StepBytes::operator()(const ByteFallback&) const {
  const auto byte = byte_of(token);
  return byte ? std::string(1, *byte) : token;
}

Result<std::string> StepBytes::operator()(const Fusion&) const { return token; }

Result<std::string> StepBytes::operator()(const CharacterStrip& step) const {
  std::string_view text = token;
  if (!step.fused) {
    strip_start(text, step.character, step.start);
    strip_end(text, step.character, step.stop);
  }
  return std::string(text);
}

Result<std::string> StepBytes::operator()(const MetaspaceDecoding& step) const {
  return metaspace_decoded(step, token, false);
}

Result<std::string> StepBytes::operator()(const WordPieceDecoding& step) const {
  return word_piece_decoded(step, token, false);
}

Result<std::string> StepBytes::operator()(const SuffixDecoding& step) const {
  return replaced(token, step.suffix, " ");
}

Result<std::string> StepBytes::operator()(const CtcDecoding& step) const { return ctc_decoded(step, token); }

Result<std::string> StepBytes::operator()(const ByteLevelDecoding&) const {
  std::string out;
  append_bytes_of_characters(token, out);
  return out;
}

Result<std::string> StepBytes::operator()(const SpaceJoin&) const { return " " + token; }

}  // namespace hearth::tokenizer
