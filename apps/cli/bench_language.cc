#include "cli/bench_language.h"

#include <algorithm>
#include <random>

#include "base/errors.h"
#include "base/thread_team.h"
#include "cli/measuring.h"
#include "cli/output.h"
#include "model/model_impl.h"
#include "pipelines/generate/decoder_step.h"
#include "pipelines/generate/generator_plan.h"
#include "pipelines/generate/step_plan.h"

namespace hearth::cli {
namespace {

constexpr int kUsualRounds = 3;
constexpr int kUsualWarmUp = 1;
constexpr std::array<int64_t, 2> kUsualLengths{128, 512};
constexpr double kMillisecondsOfSecond = 1000;

/// Tokens a second, of each round.
struct Rates {
  int64_t length = 0;  ///< Of the prompt.
  std::vector<double> read{};
  std::vector<double> generated{};
};

class Runner {
 public:
  Runner(Session& session, const GeneratorPlan& plan, int64_t generated)
      : session_(session), plan_(plan), generated_(generated) {}

  /// Reads a prompt and goes on behind it, as a new sequence.
  Status run(int64_t length, Rates& rates) {
    const std::vector<int64_t> tokens = random_tokens(length + generated_);
    const std::span all(tokens);
    HEARTH_RETURN_IF_ERROR(session_.rewind(0));
    const Clock::time_point start = Clock::now();
    const auto count = static_cast<size_t>(length);
    // In the parts in which a generator reads a prompt.
    const int64_t most = std::min(plan_.most_tokens, kUsualTokensOfStep);
    for (size_t first = 0; first < count;) {
      const auto part = static_cast<size_t>(tokens_to_read(static_cast<int64_t>(count - first), most, most));
      HEARTH_RETURN_IF_ERROR(step(all.subspan(first, part)));
      first += part;
    }
    rates.read.push_back(static_cast<double>(length) / milliseconds_since(start) * kMillisecondsOfSecond);
    const Clock::time_point between = Clock::now();
    for (size_t i = count; i < tokens.size(); ++i) HEARTH_RETURN_IF_ERROR(step(all.subspan(i, 1)));
    rates.generated.push_back(static_cast<double>(generated_) / milliseconds_since(between) * kMillisecondsOfSecond);
    return {};
  }

 private:
  std::vector<int64_t> random_tokens(int64_t count) {
    std::uniform_int_distribution<int64_t> any(0, plan_.pipeline->generation.vocabulary_size - 1);
    std::vector<int64_t> tokens(static_cast<size_t>(count));
    std::ranges::generate(tokens, [&] { return any(random_); });
    return tokens;
  }
  Status step(std::span<const int64_t> tokens) {
    return decoder_step(session_, plan_.pipeline->method, tokens).status();
  }

  Session& session_;
  const GeneratorPlan& plan_;
  int64_t generated_;
  std::mt19937_64 random_{0};
};

/// The lengths asked for, or the usual ones that fit the context.
Result<std::vector<int64_t>> chosen_lengths(const BenchOptions& options, int64_t context) {
  const int64_t most = context - options.generated;
  for (const int64_t length : options.lengths) {
    if (length >= 1 && length <= most) continue;
    return invalid_argument("--lengths {}: give from 1 to {}, so that {} more fit the model's context", length, most,
                            options.generated);
  }
  if (!options.lengths.empty()) return options.lengths;
  if (most < 1) return invalid_argument("--generated {}: the model's context takes {}", options.generated, context);
  std::vector<int64_t> lengths;
  for (const int64_t length : kUsualLengths) {
    if (length <= most) lengths.push_back(length);
  }
  if (lengths.empty()) lengths.push_back(most);
  return lengths;
}

nlohmann::ordered_json summary(std::string_view test, int64_t length, const std::vector<double>& sorted) {
  return {{"test", test},          {"length", length},     {"median", median(sorted)},
          {"min", sorted.front()}, {"max", sorted.back()}, {"unit", "tokens/s"}};
}

void print_document(const Model& model, const std::vector<Rates>& measured, double load, int64_t generated) {
  nlohmann::ordered_json results = nlohmann::ordered_json::array();
  for (const Rates& rates : measured) {
    results.push_back(summary("read", rates.length, rates.read));
    results.push_back(summary("generate", rates.length, rates.generated));
  }
  print_json({{"model", model.name()},
              {"device", model.impl()->device()->properties().name},
              {"target", model.methods().front().target},
              {"threads", model.impl()->team().size()},
              {"load_ms", load},
              {"generated", generated},
              {"peak_memory_bytes", peak_memory_bytes()},
              {"results", results}});
}

void print_table(const Model& model, const std::vector<Rates>& measured, double load, int64_t generated) {
  fmt::print("{} on {}, {} threads\n", model.name(), model.methods().front().target, model.impl()->team().size());
  print_columns({{"load", fmt::format("{:.1f} ms", load)}, {"peak memory", format_bytes(peak_memory_bytes())}});
  std::vector<std::vector<std::string>> rows{{"", "tokens/s", "slowest", "fastest"}};
  const auto add = [&rows](std::string test, const std::vector<double>& sorted) {
    rows.push_back({std::move(test), fmt::format("{:.1f}", median(sorted)), fmt::format("{:.1f}", sorted.front()),
                    fmt::format("{:.1f}", sorted.back())});
  };
  for (const Rates& rates : measured) {
    add(fmt::format("read {}", rates.length), rates.read);
    add(fmt::format("then generate {}", generated), rates.generated);
  }
  print_columns(rows);
}

}  // namespace

bool measures_language(const Model& model, const BenchOptions& options) {
  const Archive& archive = model.impl()->archive();
  return options.method.empty() && options.sequences == 0 && options.inputs.empty() && options.dimensions.empty() &&
         archive.has_manifest() && archive.manifest().pipeline &&
         archive.manifest().pipeline->task == "text-generation";
}

Status bench_language(const Model& model, const BenchOptions& options, const CommonOptions& common, double load) {
  if (options.profile || !options.trace.empty()) {
    return invalid_argument(
        "--profile and --trace look at one method: name it, for example `hearth bench FILE decode`");
  }
  HEARTH_ASSIGN_OR_RETURN(const GeneratorPlan plan, plan_generator(model.impl()->archive().manifest()));
  HEARTH_ASSIGN_OR_RETURN(const std::vector<int64_t> lengths,
                          chosen_lengths(options, plan.pipeline->generation.context_length));
  HEARTH_ASSIGN_OR_RETURN(Session session, model.session());
  Runner runner(session, plan, options.generated);
  const int rounds = options.rounds.value_or(kUsualRounds);
  Rates warm_up;
  for (int i = 0; i < options.warm_up.value_or(kUsualWarmUp); ++i)
    HEARTH_RETURN_IF_ERROR(runner.run(lengths.front(), warm_up));
  std::vector<Rates> measured;
  for (const int64_t length : lengths) {
    Rates rates{.length = length};
    for (int round = 1; round <= rounds; ++round) {
      show_progress(fmt::format("{} tokens, round {} of {}", length, round, rounds), common.quiet);
      HEARTH_RETURN_IF_ERROR(runner.run(length, rates));
    }
    std::ranges::sort(rates.read);
    std::ranges::sort(rates.generated);
    measured.push_back(std::move(rates));
  }
  show_progress("", common.quiet);
  (common.json ? print_document : print_table)(model, measured, load, options.generated);
  return {};
}

}  // namespace hearth::cli
