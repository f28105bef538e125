#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>

#include "base/errors.h"
#include "base/thread_team.h"
#include "cli/commands.h"
#include "cli/goldens.h"
#include "cli/inputs.h"
#include "cli/output.h"
#include "model/model_impl.h"

namespace hearth::cli {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// The most memory that this process has held so far.
uint64_t peak_memory_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::strtoull(line.c_str() + 6, nullptr, 10) * 1024;
  }
  return 0;
}

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
  const bool takes_pictures = pipeline && pipeline->method == method.name;
  if (!sizes.empty() || takes_pictures || golden == goldens.end()) return random_inputs(model, method, sizes);
  HEARTH_ASSIGN_OR_RETURN(GoldenCase test, read_golden(archive, *golden, /*with_outputs=*/false));
  return std::move(test.inputs);
}

}  // namespace

Status bench(const BenchOptions& options, const CommonOptions& common) {
  HEARTH_RETURN_IF_ERROR(check_trust(common.trust, options.file));
  const Clock::time_point opened = Clock::now();
  HEARTH_ASSIGN_OR_RETURN(const Model model, Model::open(options.file, common.model_options()));
  HEARTH_ASSIGN_OR_RETURN(Session session, model.session());
  const double load_ms = milliseconds_since(opened);
  HEARTH_ASSIGN_OR_RETURN(const MethodInfo* method, find_method(model, options.method));
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Tensor> inputs, choose_inputs(model, *method, options));

  double first_run_ms = 0;
  std::vector<double> times;
  for (int i = 0; i < options.warm_up + options.rounds; ++i) {
    show_progress(fmt::format("run {} of {}", i + 1, options.warm_up + options.rounds), common.quiet);
    const Clock::time_point start = Clock::now();
    const Result<std::vector<Tensor>> outputs = session.run(method->name, inputs);
    if (!outputs.ok()) return outputs.status();
    if (i == 0) first_run_ms = milliseconds_since(start);
    if (i >= options.warm_up) times.push_back(milliseconds_since(start));
  }
  show_progress("", common.quiet);
  std::ranges::sort(times);
  const double median =
      times.size() % 2 == 1 ? times[times.size() / 2] : (times[times.size() / 2 - 1] + times[times.size() / 2]) / 2;
  const int threads = model.impl()->team().size();
  std::vector<std::string> descriptions;
  for (const Tensor& input : inputs) descriptions.push_back(describe(input));
  if (common.json) {
    print_json({{"model", model.name()},
                {"inputs", descriptions},
                {"device", model.impl()->device()->properties().name},
                {"target", method->target},
                {"threads", threads},
                {"load_ms", load_ms},
                {"first_run_ms", first_run_ms},
                {"peak_memory_bytes", peak_memory_bytes()},
                {"results", nlohmann::ordered_json::array({{{"test", method->name},
                                                            {"median", median},
                                                            {"min", times.front()},
                                                            {"max", times.back()},
                                                            {"unit", "ms"}}})}});
    return {};
  }
  fmt::print("{} {} on {}, {} threads\n", model.name(), method->name, method->target, threads);
  print_columns({{"inputs", fmt::format("{}", fmt::join(descriptions, ", "))},
                 {"load", fmt::format("{:.1f} ms", load_ms)},
                 {"first run", fmt::format("{:.1f} ms", first_run_ms)},
                 {"median", fmt::format("{:.3f} ms of {} runs", median, times.size())},
                 {"fastest", fmt::format("{:.3f} ms", times.front())},
                 {"slowest", fmt::format("{:.3f} ms", times.back())},
                 {"peak memory", format_bytes(peak_memory_bytes())}});
  return {};
}

}  // namespace hearth::cli
