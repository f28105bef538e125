#include <algorithm>
#include <charconv>
#include <optional>

#include "base/errors.h"
#include "base/function_ref.h"
#include "base/thread_team.h"
#include "cli/bench_language.h"
#include "cli/commands.h"
#include "cli/goldens.h"
#include "cli/inputs.h"
#include "cli/measuring.h"
#include "cli/open_model.h"
#include "cli/output.h"
#include "cli/profile_report.h"
#include "cli/sequence_steps.h"
#include "model/model_impl.h"

namespace hearth::cli {
namespace {

constexpr int kUsualRounds = 20;
constexpr int kUsualWarmUp = 3;

Result<std::map<std::string, int64_t>> parse_dimensions(const std::vector<std::string>& arguments) {
  std::map<std::string, int64_t> sizes;
  for (const std::string& argument : arguments) {
    const size_t equals = argument.find('=');
    int64_t size = -1;
    if (equals != std::string::npos)
      std::from_chars(argument.data() + equals + 1, argument.data() + argument.size(), size);
    if (size < 0) return invalid_argument("--dim {}: write SYMBOL=SIZE", argument);
    sizes[argument.substr(0, equals)] = size;
  }
  return sizes;
}

/// What the user gave; else sizes asked for; else one picture for a classifier, and the file's own example for other
/// models; else the smallest sizes.
Result<std::vector<Tensor>> choose_inputs(const Model& model, const MethodInfo& method, const BenchOptions& options) {
  const Archive& archive = model.impl()->archive();
  if (!options.inputs.empty() || !archive.has_manifest()) return read_inputs(model, method, options.inputs);
  HEARTH_ASSIGN_OR_RETURN(const auto sizes, parse_dimensions(options.dimensions));
  const auto& goldens = archive.manifest().goldens;
  const auto golden = std::ranges::find(goldens, method.name, &Golden::method);
  const auto& pipeline = archive.manifest().pipeline;
  const bool takes_pictures = pipeline && pipeline->task == "image-classification" && pipeline->method == method.name;
  if (!sizes.empty() || takes_pictures || golden == goldens.end()) return random_inputs(model, method, sizes);
  HEARTH_ASSIGN_OR_RETURN(GoldenCase test, read_golden(archive, *golden, /*with_outputs=*/false));
  return std::move(test.inputs);
}

/// Milliseconds of runs without and with a profile.
struct Measured {
  double load = 0;
  double first_run = 0;
  std::vector<double> times;  ///< Ascending.
  Profile profile;
  int profiled_runs = 0;
  double profiled_total = 0;
  std::vector<ProfileRow> rows;  ///< With --profile.
  MachinePeak peak;
};

using Run = FunctionRef<Result<double>()>;  ///< Runs once; returns its milliseconds.

Status time_runs(const BenchOptions& options, bool quiet, Run run, Measured& measured) {
  const int warm_up = options.warm_up.value_or(kUsualWarmUp);
  const int runs = warm_up + options.rounds.value_or(kUsualRounds);
  for (int i = 0; i < runs; ++i) {
    show_progress(fmt::format("run {} of {}", i + 1, runs), quiet);
    HEARTH_ASSIGN_OR_RETURN(const double milliseconds, run());
    if (i == 0) measured.first_run = milliseconds;
    if (i >= warm_up) measured.times.push_back(milliseconds);
  }
  show_progress("", quiet);
  std::ranges::sort(measured.times);
  return {};
}

Status profile_runs(const BenchOptions& options, const Model& model, Run run, Measured& measured) {
  constexpr int kMostRuns = 10;
  if (!options.profile && options.trace.empty()) return {};
  {
    const ScopedProfile scope(measured.profile);
    for (; measured.profiled_runs < std::min(options.rounds.value_or(kUsualRounds), kMostRuns);
         ++measured.profiled_runs) {
      HEARTH_ASSIGN_OR_RETURN(const double milliseconds, run());
      measured.profiled_total += milliseconds;
    }
  }
  if (!options.trace.empty()) HEARTH_RETURN_IF_ERROR(write_trace(options.trace, model.name(), measured.profile));
  if (!options.profile) return {};
  measured.peak = measure_peak(model.impl()->team());
  measured.rows = summarize(measured.profile, measured.profiled_runs, measured.profiled_total, measured.peak);
  return {};
}

void print_document(const Model& model, const MethodInfo& method, const std::vector<std::string>& inputs,
                    const Measured& measured) {
  nlohmann::ordered_json document = {{"model", model.name()},
                                     {"inputs", inputs},
                                     {"device", model.impl()->device()->properties().name},
                                     {"target", method.target},
                                     {"threads", model.impl()->team().size()},
                                     {"load_ms", measured.load},
                                     {"first_run_ms", measured.first_run},
                                     {"peak_memory_bytes", peak_memory_bytes()},
                                     {"results", nlohmann::ordered_json::array({{{"test", method.name},
                                                                                 {"median", median(measured.times)},
                                                                                 {"min", measured.times.front()},
                                                                                 {"max", measured.times.back()},
                                                                                 {"unit", "ms"}}})}};
  if (!measured.rows.empty()) document["profile"] = profile_json(measured.rows, measured.peak);
  print_json(document);
}

void print_table(const Model& model, const MethodInfo& method, const std::vector<std::string>& inputs,
                 const Measured& measured) {
  fmt::print("{} {} on {}, {} threads\n", model.name(), method.name, method.target, model.impl()->team().size());
  print_columns({{"inputs", fmt::format("{}", fmt::join(inputs, ", "))},
                 {"load", fmt::format("{:.1f} ms", measured.load)},
                 {"first run", fmt::format("{:.1f} ms", measured.first_run)},
                 {"median", fmt::format("{:.3f} ms of {} runs", median(measured.times), measured.times.size())},
                 {"fastest", fmt::format("{:.3f} ms", measured.times.front())},
                 {"slowest", fmt::format("{:.3f} ms", measured.times.back())},
                 {"peak memory", format_bytes(peak_memory_bytes())}});
  if (!measured.rows.empty()) print_profile(measured.rows, measured.peak);
}

}  // namespace

Status bench(const BenchOptions& options, const CommonOptions& common) {
  HEARTH_RETURN_IF_ERROR(check_trust(common.trust, options.file));
  Measured measured;
  const Clock::time_point opened = Clock::now();
  HEARTH_ASSIGN_OR_RETURN(const Model model, open_model(options.file, common));
  HEARTH_ASSIGN_OR_RETURN(Session session, model.session());
  measured.load = milliseconds_since(opened);
  if (measures_language(model, options)) return bench_language(model, options, common, measured.load);
  HEARTH_ASSIGN_OR_RETURN(const MethodInfo* method, find_method(model, options.method));
  std::vector<Tensor> inputs;
  std::vector<std::string> descriptions;
  std::optional<SequenceSteps> steps;
  if (options.sequences > 0) {
    HEARTH_ASSIGN_OR_RETURN(steps, SequenceSteps::create(model, options.sequences));
    descriptions.push_back(fmt::format("the next token of {} sequences", options.sequences));
  } else {
    HEARTH_ASSIGN_OR_RETURN(inputs, choose_inputs(model, *method, options));
    for (const Tensor& input : inputs) descriptions.push_back(describe(input));
  }

  const auto run = [&]() -> Result<double> {
    if (steps) return steps->run();
    // Each run is a sequence's first.
    HEARTH_RETURN_IF_ERROR(session.rewind(0));
    const Clock::time_point start = Clock::now();
    const Result<std::vector<Tensor>> outputs = session.run(method->name, inputs);
    if (!outputs.ok()) return outputs.status();
    return milliseconds_since(start);
  };
  HEARTH_RETURN_IF_ERROR(time_runs(options, common.quiet, run, measured));
  HEARTH_RETURN_IF_ERROR(profile_runs(options, model, run, measured));
  (common.json ? print_document : print_table)(model, *method, descriptions, measured);
  return {};
}

}  // namespace hearth::cli
