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
  std::vector<int64_t> prompt;
  if (!options.ids.empty()) {
    HEARTH_ASSIGN_OR_RETURN(prompt, parse_tokens(options.ids));
  }
  ModelOptions model_options = common.model_options();
  model_options.adapter = options.adapter;
  HEARTH_ASSIGN_OR_RETURN(const Model model, Model::open(options.file, model_options));
  HEARTH_ASSIGN_OR_RETURN(TextGenerator generator, TextGenerator::create(model));
  if (options.ids.empty()) {
    HEARTH_ASSIGN_OR_RETURN(prompt, generator.tokenize(options.prompt));
  }
  GenerateListener listener;
  if (!common.json && options.ids.empty()) {
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
  return {};
}

}  // namespace hearth::cli
