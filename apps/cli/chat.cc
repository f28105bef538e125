#include <unistd.h>

#include <atomic>
#include <csignal>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

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
    "  /save FILE     save the conversation, with what the model made of it\n"
    "  /load FILE     go on from a saved one\n"
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

/// A conversation as the text that a session's file keeps beside the tokens: JSON, as chat templates take it.
std::string text_of(std::span<const ChatMessage> messages) {
  auto list = nlohmann::ordered_json::array();
  for (const ChatMessage& message : messages) list.push_back({{"role", message.role}, {"content", message.content}});
  return list.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Result<std::vector<ChatMessage>> messages_of(const std::string& text) {
  const auto list = nlohmann::ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  std::vector<ChatMessage> messages;
  bool is_good = list.is_array();
  for (size_t i = 0; is_good && i < list.size(); ++i) {
    const auto& message = list[i];
    is_good = message.is_object() && message.contains("role") && message["role"].is_string() &&
              message.contains("content") && message["content"].is_string();
    if (is_good) messages.push_back({message["role"], message["content"]});
  }
  if (is_good) return messages;
  return invalid_file("the session was not saved by a conversation: `hearth generate` goes on from it");
}

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

  /// With an error the conversation is as before.
  Status load(const std::string& path) {
    HEARTH_ASSIGN_OR_RETURN(const std::string text, generator_.load(path));
    return remember(text);
  }
  /// Takes the messages from the text of a session's file.
  Status remember(const std::string& text) {
    HEARTH_ASSIGN_OR_RETURN(messages_, messages_of(text));
    return {};
  }
  Status save(const std::string& path) const { return generator_.save(path, text_of(messages_)); }

  /// Until the user leaves.
  void converse() {
    LineReader lines;
    fmt::print("Write a message, or /help.\n");
    while (const std::optional<std::string> line = lines.read("> ")) {
      if (line->empty()) continue;
      if (*line == "/exit" || *line == "/quit") return;
      if (line->front() == '/') {
        obey(*line);
      } else {
        report(answer(*line));
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

  static void report(const Status& status) {
    if (!status.ok()) fmt::print(stderr, "error: {}\n", status.message());
  }

  void obey(const std::string& line) {
    constexpr std::string_view kSystem = "/system ";
    constexpr std::string_view kSave = "/save ";
    constexpr std::string_view kLoad = "/load ";
    if (line == "/clear") {
      begin(messages_.empty() || messages_[0].role != "system" ? "" : messages_[0].content);
    } else if (line.starts_with(kSystem)) {
      begin(line.substr(kSystem.size()));
    } else if (line.starts_with(kSave)) {
      report(save(line.substr(kSave.size())));
    } else if (line.starts_with(kLoad)) {
      report(load(line.substr(kLoad.size())));
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
  std::string conversation;
  HEARTH_ASSIGN_OR_RETURN(TextGenerator generator, open_generator(options, common, conversation));
  if (!generator.has_chat_template()) return generator.tokenize(std::span<const ChatMessage>()).status();
  const bool goes_on = !generator.tokens().empty();
  Chat chat(std::move(generator), wanted, common);
  chat.begin(options.system);
  if (goes_on) HEARTH_RETURN_IF_ERROR(chat.remember(conversation));
  if (!options.prompt.empty()) {
    HEARTH_RETURN_IF_ERROR(chat.answer(options.prompt));
  } else if (isatty(STDIN_FILENO) == 0) {
    HEARTH_RETURN_IF_ERROR(chat.answer(read_standard_input()));
  } else {
    chat.converse();
  }
  return options.session.empty() ? Status() : chat.save(options.session);
}

}  // namespace hearth::cli
