#include <unistd.h>

#include <atomic>
#include <csignal>
#include <iostream>
#include <iterator>

#include "base/errors.h"
#include "cli/commands.h"
#include "cli/generation.h"
#include "cli/line_reader.h"
#include "cli/output.h"

namespace hearth::cli {
namespace {

constexpr const char* kHelp =
    "  /clear         forget the conversation\n"
    "  /system TEXT   forget it, and tell the model this first\n"
    "  /undo          take back the last message and its answer\n"
    "  /exit          leave, like Ctrl-D\n"
    "Ctrl-C ends an answer. A line that ends with \\ goes on in the next one.\n";

std::atomic<bool> interrupted{false};

/// While it lives, Ctrl-C only sets `interrupted`.
class ScopedInterrupt {
 public:
  ScopedInterrupt() {
    interrupted = false;
    struct sigaction action = {};
    action.sa_handler = [](int) { interrupted = true; };
    sigaction(SIGINT, &action, &previous_);
  }
  ~ScopedInterrupt() { sigaction(SIGINT, &previous_, nullptr); }
  ScopedInterrupt(const ScopedInterrupt&) = delete;
  ScopedInterrupt& operator=(const ScopedInterrupt&) = delete;

 private:
  struct sigaction previous_;
};

class Chat {
 public:
  Chat(TextGenerator generator, GenerateOptions options, const CommonOptions& common)
      : generator_(std::move(generator)), options_(std::move(options)), common_(common) {}

  void begin(const std::string& system) {
    messages_.clear();
    if (!system.empty()) messages_.push_back({"system", system});
  }

  /// Answers a message; with an error the conversation is as before.
  Status answer(const std::string& message) {
    messages_.push_back({"user", message});
    const Result<Generation> generation = generate();
    if (!generation.ok()) {
      messages_.pop_back();
      return generation.status();
    }
    messages_.push_back({"assistant", generation->text});
    return {};
  }

  /// Until the user leaves.
  void converse() {
    LineReader lines;
    fmt::print("Write a message, or /help.\n");
    while (const std::optional<std::string> line = lines.read("> ")) {
      if (line->empty()) continue;
      if (*line == "/exit" || *line == "/quit") return;
      if (line->front() == '/') {
        obey(*line);
      } else if (const Status status = answer(*line); !status.ok()) {
        fmt::print(stderr, "error: {}\n", status.message());
      }
    }
    fmt::print("\n");
  }

 private:
  Result<Generation> generate() {
    HEARTH_ASSIGN_OR_RETURN(const std::vector<int64_t> prompt, generator_.tokenize(messages_));
    const ScopedInterrupt interrupt;
    GenerateListener listener{.on_token = [](int64_t) { return !interrupted; }, .on_text = {}};
    if (!common_.json) listener.on_text = print_text;
    HEARTH_ASSIGN_OR_RETURN(Generation generation, generator_.generate(prompt, options_, listener));
    if (common_.json) {
      print_json(generation_json(generation, prompt.size()));
    } else {
      fmt::print("\n");
      describe(generation, prompt.size());
    }
    return generation;
  }

  void describe(const Generation& generation, size_t prompt_tokens) const {
    if (common_.quiet || isatty(STDERR_FILENO) == 0) return;
    fmt::print(stderr, "[first token after {:.2f} s, {:.1f} tokens/s, context {} of {}]\n", generation.prompt_seconds,
               tokens_per_second(generation), prompt_tokens + generation.tokens.size(), generator_.context_length());
  }

  void obey(const std::string& line) {
    constexpr std::string_view kSystem = "/system ";
    if (line == "/clear") {
      begin(messages_.empty() || messages_[0].role != "system" ? "" : messages_[0].content);
    } else if (line.starts_with(kSystem)) {
      begin(line.substr(kSystem.size()));
    } else if (line == "/undo") {
      constexpr size_t kTurn = 2;
      if (messages_.size() >= kTurn && messages_.back().role == "assistant") messages_.resize(messages_.size() - kTurn);
    } else {
      if (line != "/help") fmt::print("{} is no command.\n", line.substr(0, line.find(' ')));
      fmt::print("{}", kHelp);
    }
  }

  TextGenerator generator_;
  GenerateOptions options_;
  CommonOptions common_;
  std::vector<ChatMessage> messages_;
};

/// All of standard input, without the line's end behind it.
std::string read_standard_input() {
  std::string text((std::istreambuf_iterator<char>(std::cin)), std::istreambuf_iterator<char>());
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace

Status chat(const GenerateCommandOptions& options, const CommonOptions& common) {
  HEARTH_RETURN_IF_ERROR(check_trust(common.trust, options.file));
  HEARTH_ASSIGN_OR_RETURN(const GenerateOptions wanted, generation_options(options));
  ModelOptions model_options = common.model_options();
  model_options.adapter = options.adapter;
  HEARTH_ASSIGN_OR_RETURN(const Model model, Model::open(options.file, model_options));
  HEARTH_ASSIGN_OR_RETURN(TextGenerator generator, TextGenerator::create(model));
  if (!generator.has_chat_template()) return generator.tokenize(std::span<const ChatMessage>()).status();
  Chat chat(std::move(generator), wanted, common);
  chat.begin(options.system);
  if (!options.prompt.empty()) return chat.answer(options.prompt);
  if (isatty(STDIN_FILENO) == 0) return chat.answer(read_standard_input());
  chat.converse();
  return {};
}

}  // namespace hearth::cli
