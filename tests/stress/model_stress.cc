// Loads, runs and drops models over and over, and runs them from many threads at once. The tests run it on exported
// files, plain and under the thread sanitizer.
//
// usage: model_stress unload ROUNDS FILE...     exit status 1 when mappings stay or memory grows by more than 1 KiB a
// round
//        model_stress threads ROUNDS FILE...    eight sessions on eight threads; exit status 1 when an answer is not
// bit for bit what the model answers alone, or that is wrong
//        model_stress teams ROUNDS FILE...      exit status 1 when an answer depends on the number of threads

#include <fmt/format.h>

#include <unistd.h>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/errors.h"
#include "base/thread_team.h"
#include "golden_cases.h"
#include "hearth/model.h"
#include "modes.h"

namespace hearth {
namespace {

constexpr int kSessions = 8;
constexpr int kWarmUpRounds = 50;

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

using Answers = std::vector<std::vector<std::byte>>;

/// The answers of a session that has the machine to itself, compared with PyTorch's.
Result<Answers> solo_answers(const Model& model, const std::vector<GoldenCase>& cases) {
  HEARTH_ASSIGN_OR_RETURN(Session session, model.session());
  HEARTH_RETURN_IF_ERROR(check_answers(session, cases));
  return answer(session, cases);
}

Status repeat(int rounds, const Model& model, const std::vector<GoldenCase>& cases, const Answers& expected) {
  HEARTH_ASSIGN_OR_RETURN(Session session, model.session());
  for (int round = 0; round < rounds; ++round) {
    HEARTH_ASSIGN_OR_RETURN(const Answers answers, answer(session, cases));
    if (answers != expected) return error(StatusCode::kFailed, "{}: another answer than alone", model.name());
  }
  return {};
}

Status run_threads(int rounds, const std::vector<std::string>& files) {
  std::vector<Model> models;
  std::vector<std::vector<GoldenCase>> cases;
  std::vector<Answers> expected;
  for (const std::string& file : files) {
    HEARTH_ASSIGN_OR_RETURN(Model model, Model::open(file));
    HEARTH_ASSIGN_OR_RETURN(cases.emplace_back(), read_goldens(model));
    HEARTH_ASSIGN_OR_RETURN(expected.emplace_back(), solo_answers(model, cases.back()));
    models.push_back(std::move(model));
  }
  std::vector<Status> statuses(kSessions);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kSessions; ++i) {
    const size_t m = i % models.size();
    threads.emplace_back([&, i, m] { statuses[i] = repeat(rounds, models[m], cases[m], expected[m]); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Status& status : statuses) HEARTH_RETURN_IF_ERROR(status);
  fmt::print("{} sessions, {} rounds each: all answers right\n", kSessions, rounds);
  return {};
}

/// Answers of one thread, and of each larger number that the process may use.
Status run_team_sizes(int rounds, const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    Answers expected;
    for (int threads = 1; threads <= available_threads(); ++threads) {
      HEARTH_ASSIGN_OR_RETURN(const Model model,
                              Model::open(file, {.device = "auto", .target = "", .threads = threads}));
      HEARTH_ASSIGN_OR_RETURN(const std::vector<GoldenCase> cases, read_goldens(model));
      if (threads == 1) {
        HEARTH_ASSIGN_OR_RETURN(expected, solo_answers(model, cases));
      }
      const Status status = repeat(rounds, model, cases, expected);
      if (!status.ok()) return status.with_context(fmt::format("{} threads", threads));
    }
  }
  fmt::print("1 to {} threads: all answers the same\n", available_threads());
  return {};
}

}  // namespace
}  // namespace hearth

int main(int argc, char** argv) {
  return hearth::run_mode(
      {{"unload", hearth::unload}, {"threads", hearth::run_threads}, {"teams", hearth::run_team_sizes}}, argc, argv);
}
