// Loads, runs and drops models over and over, and runs them from many threads at once. The tests run it on exported
// files, plain and under the thread sanitizer.
//
// usage: model_stress unload ROUNDS FILE...     exit status 1 when mappings stay or memory grows by more than 1 KiB a
// round
//        model_stress threads ROUNDS FILE...    eight sessions on eight threads; exit status 1 when an answer is wrong

#include <fmt/format.h>

#include <unistd.h>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/errors.h"
#include "hearth/model.h"
#include "model/model_impl.h"
#include "tensor/compare.h"
#include "tensor/npy.h"

namespace hearth {
namespace {

constexpr int kSessions = 8;
constexpr int kWarmUpRounds = 50;

struct GoldenCase {
  std::string method;
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;
  std::vector<GoldenOutput> tolerances;
};

Result<std::vector<GoldenCase>> read_goldens(const Model& model) {
  const Archive& archive = model.impl()->archive();
  const auto read = [&](const std::string& record) -> Result<Tensor> {
    HEARTH_ASSIGN_OR_RETURN(const std::span<const std::byte> bytes, archive.record(record));
    return read_npy(bytes);
  };
  std::vector<GoldenCase> cases;
  for (const Golden& golden : archive.manifest().goldens) {
    GoldenCase test{golden.method, {}, {}, golden.outputs};
    for (const std::string& record : golden.inputs) {
      HEARTH_ASSIGN_OR_RETURN(Tensor input, read(record));
      test.inputs.push_back(std::move(input));
    }
    for (const GoldenOutput& output : golden.outputs) {
      HEARTH_ASSIGN_OR_RETURN(Tensor expected, read(output.record));
      test.outputs.push_back(std::move(expected));
    }
    cases.push_back(std::move(test));
  }
  if (cases.empty()) return invalid_file("the file has no goldens");
  return cases;
}

Status check_answers(Session& session, const std::vector<GoldenCase>& cases) {
  for (const GoldenCase& test : cases) {
    HEARTH_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, session.run(test.method, test.inputs));
    for (size_t i = 0; i < outputs.size(); ++i) {
      const GoldenOutput& tolerance = test.tolerances[i];
      HEARTH_ASSIGN_OR_RETURN(const Comparison result,
                              compare(outputs[i], test.outputs[i], tolerance.atol, tolerance.rtol));
      if (result.mismatches > 0) {
        return error(StatusCode::kFailed, "{} output {}: {} elements differ, by up to {}", test.method, i,
                     result.mismatches, result.max_abs);
      }
    }
  }
  return {};
}

Status load_run_drop(const std::string& file) {
  HEARTH_ASSIGN_OR_RETURN(const Model model, Model::open(file));
  HEARTH_ASSIGN_OR_RETURN(const std::vector<GoldenCase> cases, read_goldens(model));
  HEARTH_ASSIGN_OR_RETURN(Session session, model.session());
  return check_answers(session, cases);
}

int64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t total = 0;
  int64_t resident = 0;
  statm >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

/// Mappings of sealed libraries or of model files.
int count_model_mappings() {
  std::ifstream maps("/proc/self/maps");
  int count = 0;
  for (std::string line; std::getline(maps, line);) {
    if (line.find("memfd:") != std::string::npos || line.find(".pt2") != std::string::npos) ++count;
  }
  return count;
}

Status unload(int rounds, const std::vector<std::string>& files) {
  int64_t before = 0;
  for (int round = 0; round < rounds + kWarmUpRounds; ++round) {
    if (round == kWarmUpRounds) before = resident_bytes();
    HEARTH_RETURN_IF_ERROR(load_run_drop(files[static_cast<size_t>(round) % files.size()]));
  }
  const double growth = static_cast<double>(resident_bytes() - before) / 1024 / rounds;
  const int mappings = count_model_mappings();
  fmt::print("{} rounds: {:.3f} KiB a round, {} mappings left\n", rounds, growth, mappings);
  if (growth > 1.0 || mappings > 0) return error(StatusCode::kFailed, "memory was not given back");
  return {};
}

Status run_threads(int rounds, const std::vector<std::string>& files) {
  std::vector<Model> models;
  for (const std::string& file : files) {
    HEARTH_ASSIGN_OR_RETURN(Model model, Model::open(file));
    models.push_back(std::move(model));
  }
  std::vector<Status> statuses(kSessions);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kSessions; ++i) {
    threads.emplace_back([&, i] {
      const Model& model = models[i % models.size()];
      Result<std::vector<GoldenCase>> cases = read_goldens(model);
      Result<Session> session = model.session();
      if (!cases.ok()) statuses[i] = cases.status();
      for (int round = 0; round < rounds && statuses[i].ok(); ++round) statuses[i] = check_answers(*session, *cases);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Status& status : statuses) HEARTH_RETURN_IF_ERROR(status);
  fmt::print("{} sessions, {} rounds each: all answers right\n", kSessions, rounds);
  return {};
}

int main_function(const std::vector<std::string>& arguments) {
  if (arguments.size() < 3) {
    fmt::print(stderr, "usage: model_stress unload|threads ROUNDS FILE...\n");
    return 2;
  }
  const int rounds = std::atoi(arguments[1].c_str());
  const std::vector<std::string> files(arguments.begin() + 2, arguments.end());
  const Status status = arguments[0] == "unload" ? unload(rounds, files) : run_threads(rounds, files);
  if (!status.ok()) fmt::print(stderr, "{}\n", status.message());
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace hearth

int main(int argc, char** argv) { return hearth::main_function({argv + 1, argv + argc}); }
