// Requests of many threads to a scheduler: random prompts, lengths and sampling, some cancelled, some that fail. Each
// answer is the one that a TextGenerator gives alone, and what it took is given back.
//
// usage: scheduler_stress SECONDS SEED FILE    exit status 1 at the first answer that differs

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/errors.h"
#include "hearth/generate.h"
#include "hearth/scheduler.h"
#include "model/model_impl.h"

namespace hearth {
namespace {

using Clock = std::chrono::steady_clock;
using Tokens = std::vector<int64_t>;

constexpr int kClients = 16;
constexpr size_t kCases = 16;
constexpr int64_t kLongestPrompt = 300;
constexpr int64_t kMostTokens = 60;
/// Fewer pages than all clients want at once, so that some wait.
constexpr int64_t kPages = 20;
constexpr size_t kPromptTokensBeside = 256;
/// What the process may grow by after its first fifth.
constexpr double kGrowth = 16e6;

/// A request, and what a TextGenerator answers.
struct Case {
  Tokens prompt;
  GenerateOptions options;
  Status status;
  Generation expected;
};

double resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::strtod(line.c_str() + 6, nullptr) * 1024;
  }
  return 0;
}

class Random {
 public:
  explicit Random(uint32_t seed) : generator_(seed) {}
  int64_t draw(int64_t least, int64_t most) { return std::uniform_int_distribution(least, most)(generator_); }
  bool chance(double probability) { return std::bernoulli_distribution(probability)(generator_); }

 private:
  std::mt19937 generator_;
};

class Stress {
 public:
  Stress(Model model, Scheduler scheduler, uint32_t seed)
      : model_(std::move(model)), scheduler_(std::move(scheduler)), random_(seed), seed_(seed) {
    vocabulary_ = model_.impl()->archive().manifest().pipeline->generation.vocabulary_size;
  }

  Status run(double seconds) {
    for (size_t i = 0; i < kCases; ++i) {
      HEARTH_ASSIGN_OR_RETURN(auto made, make_case());
      cases_.push_back(std::move(made));
    }
    std::vector<std::thread> clients;
    for (int i = 0; i < kClients; ++i) clients.emplace_back([this, i] { ask_until_the_end(seed_ + 1 + i); });
    const Status status = watch(seconds);
    if (!status.ok()) report(status);
    is_over_ = true;
    for (std::thread& client : clients) client.join();
    HEARTH_RETURN_IF_ERROR(first_problem_);
    return check_load();
  }

 private:
  /// New cases take the places of old ones as long as the clients work.
  Status watch(double seconds) {
    const auto start = Clock::now();
    const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
    double early = 0;
    while (elapsed() < seconds && !is_over_) {
      HEARTH_ASSIGN_OR_RETURN(auto made, make_case());
      const std::lock_guard lock(mutex_);
      cases_[static_cast<size_t>(random_.draw(0, kCases - 1))] = std::move(made);
      if (early == 0 && elapsed() > seconds / 5) early = resident_bytes();
    }
    const double late = resident_bytes();
    fmt::print("resident {:.1f} MB after a fifth of the time, {:.1f} MB at the end\n", early / 1e6, late / 1e6);
    // A short run has not yet seen the longest requests together.
    if (seconds >= 60 && late - early > kGrowth) return error(StatusCode::kFailed, "memory grows");
    return {};
  }

  Status check_load() {
    const SchedulerLoad load = scheduler_.load();
    fmt::print("{} answers, {} of them cancelled, {} failed as they should; {} tokens in {} steps\n", answers_.load(),
               cancelled_.load(), failed_.load(), load.tokens, load.steps);
    if (load.running != 0 || load.waiting != 0 || load.reserved_bytes != 0 || load.used_bytes != 0) {
      return error(StatusCode::kFailed, "{} run, {} wait, {} bytes are reserved, {} used", load.running, load.waiting,
                   load.reserved_bytes, load.used_bytes);
    }
    if (load.tokens > load.steps + load.steps / 2) return {};
    return error(StatusCode::kFailed, "sequences went through the model one by one");
  }

  Result<std::shared_ptr<const Case>> make_case() {
    auto made = std::make_shared<Case>();
    // Long and short ones; some that make others wait.
    made->prompt.resize(static_cast<size_t>(random_.draw(1, random_.chance(0.3) ? kLongestPrompt : 40)));
    for (int64_t& token : made->prompt) token = random_.draw(0, vocabulary_ - 1);
    GenerateOptions& options = made->options;
    options.max_tokens = random_.draw(0, kMostTokens);
    options.stops_at_end = random_.chance(0.5);
    if (random_.chance(0.7)) {
      options.sampling.temperature = 0.5 + 0.25 * static_cast<double>(random_.draw(0, 4));
      options.sampling.seed = static_cast<uint64_t>(random_.draw(0, 1000000));
      if (random_.chance(0.5)) options.sampling.top_k = random_.draw(1, 50);
      if (random_.chance(0.5)) options.sampling.repetition_penalty = 1.2;
    }
    if (random_.chance(0.05)) {
      for (int64_t token = 0; token < vocabulary_; ++token) {
        options.sampling.logit_bias.push_back({token, -std::numeric_limits<double>::infinity()});
      }
    }
    HEARTH_ASSIGN_OR_RETURN(TextGenerator generator, TextGenerator::create(model_));
    Result<Generation> expected = generator.generate(made->prompt, options);
    made->status = expected.status();
    if (expected.ok()) made->expected = *std::move(expected);
    return std::shared_ptr<const Case>(std::move(made));
  }

  void ask_until_the_end(uint32_t seed) {
    Random random(seed);
    while (!is_over_) {
      std::shared_ptr<const Case> chosen;
      {
        const std::lock_guard lock(mutex_);
        chosen = cases_[static_cast<size_t>(random.draw(0, kCases - 1))];
      }
      const Status status = ask(*chosen, random);
      if (!status.ok()) return report(status);
    }
  }

  void report(const Status& status) {
    const std::lock_guard lock(mutex_);
    if (first_problem_.ok()) first_problem_ = status;
    is_over_ = true;
  }

  Status ask(const Case& test, Random& random) {
    const bool listener_ends = random.chance(0.1);
    const int64_t tokens_heard = listener_ends ? random.draw(1, kMostTokens) : std::numeric_limits<int64_t>::max();
    // The scheduler may still call it when this function has returned without waiting.
    const auto heard = std::make_shared<Tokens>();
    GenerateListener listener;
    listener.on_token = [heard, tokens_heard](int64_t token) {
      heard->push_back(token);
      return std::ssize(*heard) < tokens_heard;
    };
    HEARTH_ASSIGN_OR_RETURN(Ticket ticket, scheduler_.submit(test.prompt, test.options, listener));
    if (random.chance(0.05)) return {};
    const bool is_cancelled = random.chance(0.1);
    if (is_cancelled) {
      if (random.chance(0.7)) std::this_thread::sleep_for(std::chrono::microseconds(random.draw(0, 30000)));
      ticket.cancel();
    }
    Result<Generation> got = ticket.wait();
    answers_ += 1;
    if (ticket.wait().status().code() != StatusCode::kInvalidArgument) {
      return error(StatusCode::kFailed, "a result was given twice");
    }
    if (got.ok() && (is_cancelled || listener_ends) && got->finish == FinishReason::kCaller) {
      cancelled_ += 1;
      if (*heard != got->tokens) return error(StatusCode::kFailed, "the listener heard other tokens than there are");
      if (!test.status.ok()) return {};
      const bool is_prefix = got->tokens.size() <= test.expected.tokens.size() &&
                             std::equal(got->tokens.begin(), got->tokens.end(), test.expected.tokens.begin());
      return is_prefix ? Status() : differs(test, *got);
    }
    if (got.status().message() != test.status.message()) {
      return error(StatusCode::kFailed, "'{}' instead of '{}'", got.status().message(), test.status.message());
    }
    if (!got.ok()) {
      failed_ += 1;
      return {};
    }
    if (*heard != got->tokens) return error(StatusCode::kFailed, "the listener heard other tokens than there are");
    const bool is_same = got->tokens == test.expected.tokens && got->finish == test.expected.finish;
    return is_same ? Status() : differs(test, *got);
  }

  Status differs(const Case& test, const Generation& got) {
    return error(StatusCode::kFailed, "after {} tokens: [{}], finish {}, instead of [{}], finish {}",
                 test.prompt.size(), fmt::join(got.tokens, " "), static_cast<int>(got.finish),
                 fmt::join(test.expected.tokens, " "), static_cast<int>(test.expected.finish));
  }

  Model model_;
  Scheduler scheduler_;
  Random random_;
  uint32_t seed_;
  int64_t vocabulary_;
  std::mutex mutex_;  ///< Of the cases and the problem.
  std::vector<std::shared_ptr<const Case>> cases_;
  Status first_problem_;
  std::atomic<bool> is_over_ = false;
  std::atomic<int64_t> answers_ = 0;
  std::atomic<int64_t> cancelled_ = 0;
  std::atomic<int64_t> failed_ = 0;
};

/// A scheduler whose memory is for kPages pages, and one that takes no page at all refuses everything.
Result<Scheduler> make_scheduler(const Model& model) {
  HEARTH_ASSIGN_OR_RETURN(Session session, model.session());
  int64_t zero = 0;
  HEARTH_ASSIGN_OR_RETURN(const Tensor list, Tensor::borrow(DType::kInt64, std::array{int64_t{1}}, &zero));
  const std::array inputs{list, list, list};
  HEARTH_RETURN_IF_ERROR(session.run("decode", inputs).status());
  const size_t page = session.memory_bytes();

  HEARTH_ASSIGN_OR_RETURN(Scheduler small, Scheduler::create(model, {.memory_bytes = page}));
  const Tokens prompt(kPromptTokensBeside);
  if (!small.submit(prompt, {.max_tokens = 1}).ok() ||
      small.submit(prompt, {.max_tokens = 2}).status().code() != StatusCode::kOutOfMemory) {
    return error(StatusCode::kFailed, "the limit of memory was not kept to");
  }
  return Scheduler::create(model, {.most_sequences = kClients, .tokens_of_step = 64, .memory_bytes = page * kPages});
}

Status run(const std::vector<std::string>& arguments) {
  HEARTH_ASSIGN_OR_RETURN(Model model, Model::open(arguments[2]));
  HEARTH_ASSIGN_OR_RETURN(Scheduler scheduler, make_scheduler(model));
  const auto seed = static_cast<uint32_t>(std::atoi(arguments[1].c_str()));
  return Stress(std::move(model), std::move(scheduler), seed).run(std::atof(arguments[0].c_str()));
}

int main_function(const std::vector<std::string>& arguments) {
  if (arguments.size() != 3) {
    fmt::print(stderr, "usage: scheduler_stress SECONDS SEED FILE\n");
    return 2;
  }
  const Status status = run(arguments);
  if (!status.ok()) fmt::print(stderr, "{}\n", status.message());
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace hearth

int main(int argc, char** argv) { return hearth::main_function({argv + 1, argv + argc}); }
