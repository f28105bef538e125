#include "hearth/generate.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "base/errors.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace hearth::cli {
namespace {

constexpr double kMillisecondsOfSecond = 1000;

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

std::string_view name_of(FinishReason reason) {
  switch (reason) {
    case FinishReason::kEnd:
      return "end";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kContext:
      return "context";
    case FinishReason::kCaller:
      break;
  }
  return "caller";
}

nlohmann::ordered_json as_json(const Generation& generation, size_t prompt_tokens) {
  const auto after_first = static_cast<double>(generation.tokens.size()) - 1;
  const double rate = generation.generate_seconds > 0 ? after_first / generation.generate_seconds : 0;
  return {{"tokens", generation.tokens},
          {"finish", name_of(generation.finish)},
          {"prompt_tokens", prompt_tokens},
          {"timings",
           {{"prompt_ms", generation.prompt_seconds * kMillisecondsOfSecond},
            {"first_token_ms", generation.prompt_seconds * kMillisecondsOfSecond},
            {"tokens_per_second", rate}}}};
}

/// "7=-1.5" or "7=-inf".
Status add_bias(const std::string& text, SamplingOptions& sampling) {
  const size_t equals = text.find('=');
  int64_t token = 0;
  double bias = 0;
  const char* middle = text.data() + std::min(equals, text.size());
  const char* end = text.data() + text.size();
  const bool good = equals != std::string::npos && std::from_chars(text.data(), middle, token).ptr == middle &&
                    std::from_chars(middle + 1, end, bias).ptr == end;
  if (!good) return invalid_argument("--logit-bias: '{}' is not TOKEN=NUMBER", text);
  sampling.logit_bias.push_back({token, bias});
  return {};
}

}  // namespace

Status generate(const GenerateCommandOptions& options, const CommonOptions& common) {
  HEARTH_RETURN_IF_ERROR(check_trust(common.trust, options.file));
  HEARTH_ASSIGN_OR_RETURN(const std::vector<int64_t> prompt, parse_tokens(options.ids));
  GenerateOptions wanted{
      .max_tokens = options.max_tokens, .sampling = options.sampling, .stops_at_end = !options.ignore_end};
  for (const std::string& bias : options.logit_bias) HEARTH_RETURN_IF_ERROR(add_bias(bias, wanted.sampling));
  HEARTH_ASSIGN_OR_RETURN(const Model model, Model::open(options.file, common.model_options()));
  HEARTH_ASSIGN_OR_RETURN(TextGenerator generator, TextGenerator::create(model));
  const auto print_token = [](int64_t token) {
    fmt::print("{} ", token);
    return std::fflush(stdout) == 0;
  };
  const std::function<bool(int64_t)> on_token = common.json ? std::function<bool(int64_t)>() : print_token;
  HEARTH_ASSIGN_OR_RETURN(const Generation generation, generator.generate(prompt, wanted, on_token));
  if (common.json) {
    print_json(as_json(generation, prompt.size()));
  } else {
    fmt::print("\n");
  }
  return {};
}

}  // namespace hearth::cli
