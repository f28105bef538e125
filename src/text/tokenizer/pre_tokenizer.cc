#include "text/tokenizer/pre_tokenizer.h"

#include "text/tokenizer/limits.h"

namespace hearth::tokenizer {
namespace {

Result<SplitBehavior> read_behavior(TableReader& reader) {
  const auto number = reader.number<uint8_t>();
  if (number > static_cast<uint8_t>(SplitBehavior::kContiguous)) return damaged("there is no splitting {}", number);
  return static_cast<SplitBehavior>(number);
}

/// Applies a step to all words.
struct Splitter {
  Words& words;

  Status operator()(const CharacterSplit& split) const {
    return split_each(split.behavior, [&](const Word& word, std::vector<Stretch>& stretches) -> Status {
      size_t begin = word.begin;
      for (size_t at = word.begin; at < word.end;) {
        const Utf8Step step = read_valid_utf8(words.text, at);
        const size_t end = at + step.length;
        if (split.characters.contains(step.code_point)) {
          if (begin < at) stretches.push_back({begin, at, false});
          stretches.push_back({at, end, true});
          begin = end;
        }
        at = end;
      }
      if (begin < word.end) stretches.push_back({begin, word.end, false});
      return {};
    });
  }

  Status operator()(const RegexSplit& split) const {
    RegexSearch search(split.pattern);
    return split_each(split.behavior, [&](const Word& word, std::vector<Stretch>& stretches) -> Status {
      search.begin(words[word]);
      size_t begin = word.begin;
      while (true) {
        HEARTH_ASSIGN_OR_RETURN(const std::optional<RegexSearch::Match> match, search.next());
        const size_t end = match ? word.begin + match->begin : word.end;
        if (begin < end) stretches.push_back({begin, end, split.inverted});
        if (!match) return {};
        begin = word.begin + match->end;
        stretches.push_back({end, begin, !split.inverted});
      }
    });
  }

  Status operator()(const WordNormalizer& normalizer) const {
    return rewrite_each(
        [&](std::string_view text, bool, std::string& out) { return normalizer.step.append(text, out); });
  }

  Status operator()(const WordPrefix& prefix) const {
    return rewrite_each([&](std::string_view text, bool first, std::string& out) -> Status {
      if (!text.starts_with(prefix.text) && (first || !prefix.only_first)) out.append(prefix.text);
      out.append(text);
      return {};
    });
  }

  template <typename FindStretches>
  Status split_each(SplitBehavior behavior, FindStretches find_stretches) const {
    std::vector<Word> split;
    std::vector<Stretch> stretches;
    for (const Word& word : words.words) {
      stretches.clear();
      HEARTH_RETURN_IF_ERROR(find_stretches(word, stretches));
      append_split(word, stretches, behavior, split);
    }
    words.words = std::move(split);
    return {};
  }

  template <typename Rewrite>
  Status rewrite_each(Rewrite rewrite) const {
    Words rewritten;
    rewritten.text.reserve(words.text.size() + words.words.size());
    for (const Word& word : words.words) {
      const size_t begin = rewritten.text.size();
      HEARTH_RETURN_IF_ERROR(rewrite(words[word], word.first, rewritten.text));
      HEARTH_RETURN_IF_ERROR(check_text_size(rewritten.text.size()));
      if (begin < rewritten.text.size()) rewritten.words.push_back({begin, rewritten.text.size(), word.first});
    }
    words = std::move(rewritten);
    return {};
  }
};

}  // namespace

Result<PreTokenizer::Step> PreTokenizer::read_step(TableReader& reader) {
  const auto kind = reader.number<uint8_t>();
  switch (kind) {
    case 1: {
      HEARTH_ASSIGN_OR_RETURN(const CharacterSet characters, CharacterSet::read(reader));
      HEARTH_ASSIGN_OR_RETURN(const SplitBehavior behavior, read_behavior(reader));
      return Step(CharacterSplit{characters, behavior});
    }
    case 2: {
      HEARTH_ASSIGN_OR_RETURN(Regex pattern, Regex::compile(reader.text()));
      HEARTH_ASSIGN_OR_RETURN(const SplitBehavior behavior, read_behavior(reader));
      return Step(RegexSplit{std::move(pattern), behavior, reader.flag()});
    }
    case 3: {
      HEARTH_ASSIGN_OR_RETURN(NormalizerStep step, NormalizerStep::read(reader));
      return Step(WordNormalizer{std::move(step)});
    }
    case 4: {
      const std::string_view text = reader.text();
      return Step(WordPrefix{text, reader.flag()});
    }
    default:
      return damaged("there is no pre-tokenizer {}", kind);
  }
}

Result<PreTokenizer> PreTokenizer::read(TableReader& reader) {
  PreTokenizer pre_tokenizer;
  const auto count = reader.number<uint32_t>();
  if (count > kMostSteps) return damaged("{} pre-tokenizers are too many", count);
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    HEARTH_ASSIGN_OR_RETURN(Step step, read_step(reader));
    pre_tokenizer.steps_.push_back(std::move(step));
  }
  if (!reader.ok()) return damaged("the pre-tokenizers are cut off");
  return pre_tokenizer;
}

Result<Words> PreTokenizer::split(std::string_view text, bool first) const {
  Words words{std::string(text), {}};
  if (!text.empty()) words.words.push_back({0, text.size(), first});
  for (const Step& step : steps_) HEARTH_RETURN_IF_ERROR(std::visit(Splitter{words}, step));
  return words;
}

}  // namespace hearth::tokenizer
