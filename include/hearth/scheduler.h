#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "hearth/export.h"
#include "hearth/generate.h"
#include "hearth/model.h"
#include "hearth/status.h"

namespace hearth {

struct SchedulerOptions {
  int64_t most_sequences = 16;   ///< That go on at the same time; others wait.
  int64_t tokens_of_step = 512;  ///< That go through the model together at most, at least most_sequences + 32.
  SessionOptions session{};      ///< Of each sequence.
  size_t memory_bytes = 0;       ///< That keys and values of all sequences may take; 0: no limit.
};

/// What a scheduler has to do, and has done.
struct SchedulerLoad {
  int64_t running = 0;        ///< Sequences that go on.
  int64_t waiting = 0;        ///< Requests that wait for their turn.
  size_t reserved_bytes = 0;  ///< What keys and values of the running sequences may need at most.
  size_t used_bytes = 0;      ///< What they need.
  int64_t steps = 0;          ///< Runs of the model so far.
  int64_t tokens = 0;         ///< That they read.
};

class GenerationRequest;
class SchedulerImpl;

/// A request to a scheduler. Move-only. Thread-safe, but for being moved. It may outlive the scheduler. Destroying it
/// cancels the request.
class HEARTH_API Ticket {
 public:
  Ticket(Ticket&&) noexcept;
  Ticket& operator=(Ticket&&) noexcept;
  ~Ticket();

  /// Waits for the result and takes it: a second call is kInvalidArgument. Not to be called by a listener. Of a request
  /// that was cancelled, it is what was generated before. Errors: those of TextGenerator::generate.
  Result<Generation> wait();
  bool is_done() const;
  /// Ends the generation soon, as a listener that returns false does.
  void cancel();

 private:
  friend class SchedulerImpl;
  explicit Ticket(std::shared_ptr<GenerationRequest> request);
  std::shared_ptr<GenerationRequest> request_;
};

/// Continues many sequences of tokens with one language model: in each step, on a thread of its own, it reads the next
/// token of every sequence that goes on, and as many tokens of new prompts as there is room for. Thread-safe.
///
/// Before a sequence begins, the memory that its keys and values can need is reserved; requests begin in the order in
/// which they came. One that fails does not hurt others: when a step fails, each of its sequences is tried alone. Each
/// result is the one that TextGenerator gives with the same options; docs/scheduler.md says how exactly.
class HEARTH_API Scheduler {
 public:
  /// Runs the model once, to learn how much memory a sequence takes. kInvalidArgument when the model is not for text
  /// generation, or options make no sense.
  static Result<Scheduler> create(const Model& model, const SchedulerOptions& options = {});
  Scheduler(Scheduler&&) noexcept;
  Scheduler& operator=(Scheduler&&) noexcept;
  /// Cancels what is not done.
  ~Scheduler();

  /// See TextGenerator.
  bool has_tokenizer() const;
  bool has_chat_template() const;
  int64_t context_length() const;
  Result<std::vector<int64_t>> tokenize(std::string_view text) const;
  Result<std::vector<int64_t>> tokenize(std::span<const ChatMessage> messages) const;

  /// Asks for a continuation of `prompt`. The listener is called on the scheduler's thread, and all sequences wait for
  /// it. Generation::prompt_seconds counts from here. kInvalidArgument: see TextGenerator::generate. kOutOfMemory: the
  /// request could need more memory than the scheduler may ever give it.
  Result<Ticket> submit(std::span<const int64_t> prompt, const GenerateOptions& options,
                        const GenerateListener& listener = {});
  SchedulerLoad load() const;

 private:
  explicit Scheduler(std::unique_ptr<SchedulerImpl> impl);
  std::unique_ptr<SchedulerImpl> impl_;
};

}  // namespace hearth
