#include "cli/generation.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <system_error>

#include "base/errors.h"
#include "cli/inputs.h"
#include "cli/open_model.h"

namespace hearth::cli {
namespace {

constexpr double kMillisecondsOfSecond = 1000;

std::string_view name_of(FinishReason reason) {
  switch (reason) {
    case FinishReason::kEnd:
      return "end";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kContext:
      return "context";
    case FinishReason::kStop:
      return "stop";
    case FinishReason::kCaller:
      break;
  }
  return "caller";
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

Result<OutputForm> output_form(const GenerateCommandOptions& options) {
  using Kind = OutputForm::Kind;
  if (options.json_object) return OutputForm{Kind::kJsonObject};
  if (!options.regex.empty()) return OutputForm{Kind::kRegex, options.regex};
  const std::string& path = options.json_schema.empty() ? options.grammar : options.json_schema;
  if (path.empty()) return OutputForm();
  HEARTH_ASSIGN_OR_RETURN(std::string text, read_text(path));
  return OutputForm{options.json_schema.empty() ? Kind::kGrammar : Kind::kJsonSchema, std::move(text)};
}

nlohmann::ordered_json log_probabilities_json(const Generation& generation) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (size_t i = 0; i < generation.tokens.size(); ++i) {
    const ChosenToken& chosen = generation.log_probabilities[i];
    nlohmann::ordered_json likeliest = nlohmann::ordered_json::array();
    for (const auto& [token, log_probability] : chosen.likeliest) {
      likeliest.push_back({{"token", token}, {"log_probability", log_probability}});
    }
    rows.push_back({{"token", generation.tokens[i]},
                    {"log_probability", chosen.log_probability},
                    {"likeliest", std::move(likeliest)}});
  }
  return rows;
}

}  // namespace

Result<GenerateOptions> generation_options(const GenerateCommandOptions& options) {
  GenerateOptions wanted{.max_tokens = options.max_tokens,
                         .sampling = options.sampling,
                         .likeliest_tokens = options.likeliest_tokens,
                         .guessed_tokens = options.guessed_tokens,
                         .stops_at_end = !options.ignore_end,
                         .stop_strings = options.stops};
  HEARTH_ASSIGN_OR_RETURN(wanted.form, output_form(options));
  for (const std::string& bias : options.logit_bias) HEARTH_RETURN_IF_ERROR(add_bias(bias, wanted.sampling));
  return wanted;
}

Result<TextGenerator> open_generator(const GenerateCommandOptions& options, const CommonOptions& common,
                                     std::string& text) {
  static const std::map<std::string, std::optional<DType>, std::less<>> kTypes{{"", std::nullopt},
                                                                               {"f32", DType::kFloat32},
                                                                               {"f16", DType::kFloat16},
                                                                               {"bf16", DType::kBFloat16},
                                                                               {"i8", DType::kInt8}};
  HEARTH_ASSIGN_OR_RETURN(const Model model, open_model(options.file, common, options.adapter));
  HEARTH_ASSIGN_OR_RETURN(TextGenerator generator,
                          TextGenerator::create(model, {.cache_dtype = kTypes.at(options.cache_type)}));
  std::error_code problem;  // What cannot be looked at, load() has words for.
  const bool is_there = std::filesystem::exists(options.session, problem) || problem;
  if (options.session.empty() || !is_there) return generator;
  HEARTH_ASSIGN_OR_RETURN(text, generator.load(options.session));
  return generator;
}

double tokens_per_second(const Generation& generation) {
  const auto after_first = static_cast<double>(generation.tokens.size()) - 1;
  return generation.generate_seconds > 0 ? after_first / generation.generate_seconds : 0;
}

nlohmann::ordered_json generation_json(const Generation& generation, size_t prompt_tokens) {
  nlohmann::ordered_json document = {{"tokens", generation.tokens},
                                     {"text", generation.text},
                                     {"finish", name_of(generation.finish)},
                                     {"prompt_tokens", prompt_tokens},
                                     {"reused_tokens", generation.reused_tokens},
                                     {"right_guesses", generation.right_guesses},
                                     {"timings",
                                      {{"prompt_ms", generation.prompt_seconds * kMillisecondsOfSecond},
                                       {"first_token_ms", generation.prompt_seconds * kMillisecondsOfSecond},
                                       {"tokens_per_second", tokens_per_second(generation)}}}};
  if (!generation.log_probabilities.empty()) document["log_probabilities"] = log_probabilities_json(generation);
  return document;
}

bool print_text(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return std::fflush(stdout) == 0;
}

}  // namespace hearth::cli
