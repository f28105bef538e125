#include "hearth/generate.h"

#include <charconv>

#include "base/errors.h"
#include "cli/commands.h"
#include "cli/generation.h"
#include "cli/output.h"

namespace hearth::cli {
namespace {

/// "2,15,7" as numbers.
Result<std::vector<int64_t>> parse_tokens(std::string_view text) {
  std::vector<int64_t> tokens;
  while (true) {
    const std::string_view word = text.substr(0, text.find(','));
    int64_t token = 0;
    const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), token);
    if (problem != std::errc() || end != word.data() + word.size()) {
      return invalid_argument("--ids: '{}' is not a number; give tokens as 2,15,7", word);
    }
    tokens.push_back(token);
    if (word.size() == text.size()) return tokens;
    text.remove_prefix(word.size() + 1);
  }
}

}  // namespace

Status generate(const GenerateCommandOptions& options, const CommonOptions& common) {
  HEARTH_RETURN_IF_ERROR(check_trust(common.trust, options.file));
  HEARTH_ASSIGN_OR_RETURN(const GenerateOptions wanted, generation_options(options));
  std::vector<int64_t> more;
  if (!options.ids.empty()) {
    HEARTH_ASSIGN_OR_RETURN(more, parse_tokens(options.ids));
  }
  std::string text;
  HEARTH_ASSIGN_OR_RETURN(TextGenerator generator, open_generator(options, common, text));
  std::vector<int64_t> prompt(generator.tokens().begin(), generator.tokens().end());
  if (options.has_prompt) {
    HEARTH_ASSIGN_OR_RETURN(
        more, prompt.empty() ? generator.tokenize(options.prompt) : generator.tokenize_continuation(options.prompt));
  }
  prompt.insert(prompt.end(), more.begin(), more.end());
  if (prompt.empty()) return invalid_argument("there is nothing to continue: give --prompt, --ids or a --session");
  GenerateListener listener;
  if (!common.json && options.ids.empty() && generator.has_tokenizer()) {
    listener.on_text = print_text;
  } else if (!common.json) {
    listener.on_token = [](int64_t token) { return print_text(fmt::format("{} ", token)); };
  }
  HEARTH_ASSIGN_OR_RETURN(const Generation generation, generator.generate(prompt, wanted, listener));
  if (common.json) {
    print_json(generation_json(generation, prompt.size()));
  } else {
    fmt::print("\n");
  }
  return options.session.empty() ? Status() : generator.save(options.session);
}

}  // namespace hearth::cli
