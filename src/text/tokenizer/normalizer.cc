#include "text/tokenizer/normalizer.h"

#include "text/tokenizer/byte_level.h"
#include "text/tokenizer/limits.h"
#include "text/tokenizer/white_space.h"

namespace hearth::tokenizer {
namespace {

/// What replaces a part, by the shortest rule that it begins with.
std::optional<std::string_view> precompiled_replacement(const Precompiled& precompiled, std::string_view part) {
  uint32_t node = Trie::kRoot;
  for (const char byte : part) {
    node = precompiled.rules.child(node, byte);
    if (node == Trie::kRoot) return std::nullopt;
    if (const auto rule = precompiled.rules.value(node)) return precompiled.replacements[*rule];
  }
  return std::nullopt;
}

/// Appends what becomes of a text.
struct Applier {
  std::string_view text;
  std::string& out;

  Status operator()(const CharacterMap& map) const { return map.apply(text, out); }
  Status operator()(const RegexReplacement& replacement) const {
    RegexSearch search(replacement.pattern);
    search.begin(text);
    for (size_t at = 0;;) {
      HEARTH_ASSIGN_OR_RETURN(const std::optional<RegexSearch::Match> match, search.next());
      out.append(text.substr(at, match ? match->begin - at : text.size() - at));
      if (!match) return {};
      out.append(replacement.content);
      at = match->end;
      HEARTH_RETURN_IF_ERROR(check_text_size(out.size()));
    }
  }
  Status operator()(const Prefix& prefix) const {
    if (!text.empty()) out.append(prefix.text).append(text);
    return {};
  }
  Status operator()(const SpaceStrip& strip) const {
    const std::string_view left = strip.left ? without_leading_space(text) : text;
    out.append(strip.right ? without_trailing_space(left) : left);
    return {};
  }
  Status operator()(const FormStep& step) const {
    size_t begin = 0;  // Of the active characters that wait.
    for (size_t at = 0; at < text.size();) {
      const Utf8Step character = read_valid_utf8(text, at);
      if (!step.active.contains(character.code_point)) {
        HEARTH_RETURN_IF_ERROR(append_normal_form(text.substr(begin, at - begin), step.form, out));
        begin = at + character.length;
        out.append(text.substr(at, character.length));
      }
      at += character.length;
    }
    return append_normal_form(text.substr(begin), step.form, out);
  }
  Status operator()(const Precompiled& precompiled) const {
    for (std::string_view left = text; !left.empty();) {
      const size_t length = grapheme_length(left);
      append_grapheme(precompiled, left.substr(0, length));
      HEARTH_RETURN_IF_ERROR(check_text_size(out.size()));
      left.remove_prefix(length);
    }
    return {};
  }
  Status operator()(ByteLevelAlphabet) const {
    append_byte_characters(text, out);
    return {};
  }
  Status operator()(const Surrounding& surrounding) const {
    for (size_t at = 0; at < text.size();) {
      const Utf8Step step = read_valid_utf8(text, at);
      const bool member = surrounding.characters.contains(step.code_point);
      if (member) out.append(surrounding.before);
      out.append(text.substr(at, step.length));
      if (member) out.append(surrounding.after);
      HEARTH_RETURN_IF_ERROR(check_text_size(out.size()));
      at += step.length;
    }
    return {};
  }

  void append_grapheme(const Precompiled& precompiled, std::string_view grapheme) const {
    if (grapheme.size() < 6) {
      if (const auto whole = precompiled_replacement(precompiled, grapheme)) {
        out.append(*whole);
        return;
      }
    }
    for (size_t at = 0; at < grapheme.size();) {
      const std::string_view character = grapheme.substr(at, read_valid_utf8(grapheme, at).length);
      out.append(precompiled_replacement(precompiled, character).value_or(character));
      at += character.size();
    }
  }
};

}  // namespace

Result<NormalizerStep> NormalizerStep::read(TableReader& reader) {
  const auto kind = reader.number<uint8_t>();
  switch (kind) {
    case 1: {
      HEARTH_ASSIGN_OR_RETURN(CharacterMap map, CharacterMap::read(reader));
      return NormalizerStep(map);
    }
    case 2: {
      HEARTH_ASSIGN_OR_RETURN(Regex pattern, Regex::compile(reader.text()));
      return NormalizerStep(RegexReplacement{std::move(pattern), reader.text()});
    }
    case 3:
      return NormalizerStep(Prefix{reader.text()});
    case 4: {
      const bool left = reader.flag();
      return NormalizerStep(SpaceStrip{left, reader.flag()});
    }
    case 5: {
      const auto form = reader.number<uint8_t>();
      if (form > static_cast<uint8_t>(NormalForm::kNfkd)) return damaged("there is no normal form {}", form);
      HEARTH_ASSIGN_OR_RETURN(const CharacterSet active, CharacterSet::read(reader));
      return NormalizerStep(FormStep{static_cast<NormalForm>(form), active});
    }
    case 6: {
      HEARTH_ASSIGN_OR_RETURN(const StringList replacements, StringList::read(reader));
      HEARTH_ASSIGN_OR_RETURN(const Trie rules, Trie::read(reader, replacements.size()));
      return NormalizerStep(Precompiled{rules, replacements});
    }
    case 7:
      return NormalizerStep(ByteLevelAlphabet{});
    case 8: {
      HEARTH_ASSIGN_OR_RETURN(const CharacterSet characters, CharacterSet::read(reader));
      const std::string_view before = reader.text();
      return NormalizerStep(Surrounding{characters, before, reader.text()});
    }
    default:
      return damaged("there is no normalizer {}", kind);
  }
}

Status NormalizerStep::append(std::string_view text, std::string& out) const {
  return std::visit(Applier{text, out}, kind_);
}

bool NormalizerStep::drops_start(std::string_view text) const {
  if (const auto* map = std::get_if<CharacterMap>(&kind_)) return map->drops_start(text);
  const auto* strip = std::get_if<SpaceStrip>(&kind_);
  return strip != nullptr && strip->left && without_leading_space(text).size() < text.size();
}

Result<Normalizer> Normalizer::read(TableReader& reader) {
  Normalizer normalizer;
  const auto count = reader.number<uint32_t>();
  if (count > kMostSteps) return damaged("{} normalizers are too many", count);
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    HEARTH_ASSIGN_OR_RETURN(NormalizerStep step, NormalizerStep::read(reader));
    normalizer.steps_.push_back(std::move(step));
  }
  if (!reader.ok()) return damaged("the normalizers are cut off");
  return normalizer;
}

Result<NormalizedText> Normalizer::apply(std::string_view text) const {
  NormalizedText result{std::string(text), true};
  for (const NormalizerStep& step : steps_) {
    std::string changed;
    changed.reserve(result.text.size());
    HEARTH_RETURN_IF_ERROR(step.append(result.text, changed));
    result.keeps_start &= !step.drops_start(result.text);
    result.text = std::move(changed);
  }
  return result;
}

}  // namespace hearth::tokenizer
