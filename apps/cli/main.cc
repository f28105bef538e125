#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <functional>
#include <new>

#include "cli/commands.h"
#include "cli/options.h"

namespace hearth::cli {
namespace {

enum ExitStatus { kDone = 0, kFailedRunning = 1, kWrongUsage = 2, kFileRefused = 3, kNotThere = 4 };

ExitStatus exit_status(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return kDone;
    case StatusCode::kInvalidArgument:
      return kWrongUsage;
    case StatusCode::kNotFound:
    case StatusCode::kPermissionDenied:
    case StatusCode::kInvalidFile:
      return kFileRefused;
    case StatusCode::kUnavailable:
      return kNotThere;
    default:
      return kFailedRunning;
  }
}

constexpr const char* kFooter =
    "Exit status: 0 done, 1 failed while running, 2 wrong usage, 3 the file was refused, 4 the device or target is not "
    "there.";

/// CLI11's own range checks print the largest double there is.
CLI::Validator at_least(int least) {
  return {[least](const std::string& text) {
            int value = 0;
            return CLI::detail::lexical_cast(text, value) && value >= least
                       ? std::string()
                       : fmt::format("{} is not a whole number of {} or more", text, least);
          },
          "COUNT"};
}

std::string usage_message(const CLI::App* app, const CLI::Error& problem) {
  const std::vector<CLI::App*> chosen = app->get_subcommands();
  const std::string command = chosen.empty() ? "hearth" : "hearth " + chosen.front()->get_name();
  return fmt::format("hearth: {}\nTry `{} --help`.\n", problem.what(), command);
}

void add_common(CLI::App& command, CommonOptions& common) {
  command.add_option("--device", common.device, "auto, cpu, cuda, cuda:1… or null: see `hearth devices`")
      ->capture_default_str();
  command.add_option("--target", common.target,
                     "one of the file's targets, for example cpu-x86_64-v3; by default the best that runs here");
  command.add_option("--threads", common.threads, "threads for one run; 0: all that the process may use")
      ->check(at_least(0))
      ->capture_default_str();
  command
      .add_option("--trust", common.trust,
                  "data: run no native code; trusted: run the file's code after checking it; unsafe: the same today")
      ->check(CLI::IsMember({"data", "trusted", "unsafe"}))
      ->capture_default_str();
  command.add_flag("--json", common.json, "print the result as JSON, for programs");
  command.add_flag("--quiet", common.quiet, "print nothing but the result");
}

/// The program: its sub-commands, and the one that was chosen.
class Program {
 public:
  Program() {
    app_.require_subcommand(0, 1);
    app_.failure_message(usage_message);
    app_.set_version_flag("--version", "hearth " HEARTH_VERSION);
    app_.footer(kFooter);
    add_run();
    add_classify();
    add_generate();
    add_chat();
    add_embed();
    add_inspect();
    add_verify();
    add_eval();
    add_bench();
    CLI::App* list = command("devices", "List the devices of this machine and the targets that run on them",
                             "  hearth devices --json");
    list->callback([this] { chosen_ = [this] { return devices(common_); }; });
  }

  int main(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
      return app_.exit(problem) == 0 ? kDone : kWrongUsage;
    }
    if (!chosen_) {
      fmt::print(stderr, "{}", app_.help());
      return kWrongUsage;
    }
    const Status status = chosen_();
    if (!status.ok()) fmt::print(stderr, "hearth: {}\n", status.message());
    return exit_status(status.code());
  }

 private:
  CLI::App* command(const char* name, const char* description, const std::string& examples) {
    CLI::App* added = app_.add_subcommand(name, description);
    add_common(*added, common_);
    added->footer("Examples:\n" + examples + "\n\n" + kFooter);
    return added;
  }

  static CLI::Option* add_file(CLI::App* command, std::string& file) {
    return command->add_option("FILE", file, "a model: a .pt2 file")->required();
  }

  void add_run() {
    CLI::App* added = command("run", "Run one method of a model on .npy inputs",
                              "  hearth run mlp.pt2 forward --input x=x.npy --output out\n"
                              "  hearth run model.pt2 decode --input 0=ids.npy --input position=7");
    add_file(added, run_.file);
    added->add_option("METHOD", run_.method, "the method, for example forward")->required();
    added
        ->add_option("--input", run_.inputs,
                     "NAME=x.npy, INDEX=x.npy, NAME=NUMBER, x.npy where there is one input, or x.npz with all")
        ->allow_extra_args(false)
        ->take_all();
    added->add_option("--output", run_.output, "a folder for the outputs as 0.npy, 1.npy, …, or one .npz file");
    added->callback([this] { chosen_ = [this] { return run(run_, common_); }; });
  }

  void add_classify() {
    CLI::App* added = command(
        "classify", "Say what is in pictures (PNG, JPEG, WebP)",
        "  hearth classify resnet-50.pt2 cat.jpg dog.png\n  hearth classify digits.pt2 three.png --top 1 --json");
    add_file(added, classify_.file);
    added->add_option("IMAGE", classify_.images, "pictures")->required();
    added->add_option("--top", classify_.top, "how many classes to print for each")
        ->check(at_least(1))
        ->capture_default_str();
    added->callback([this] { chosen_ = [this] { return classify(classify_, common_); }; });
  }

  static void add_sampling(CLI::App* command, SamplingOptions& sampling) {
    const auto add = [&](const char* name, auto& value, const char* description) {
      command->add_option(name, value, description)->capture_default_str();
    };
    add("--temp", sampling.temperature, "0: always the most probable token; more: improbable ones as well");
    add("--top-k", sampling.top_k, "draw from so many most probable tokens; 0: from all");
    add("--top-p", sampling.top_p, "draw from the fewest tokens that are together so probable");
    add("--min-p", sampling.min_p, "draw from tokens at least so probable, relative to the most probable");
    add("--typical-p", sampling.typical_p, "draw from the most typical tokens that are together so probable");
    add("--repetition-penalty", sampling.repetition_penalty, "above 1: tokens that occurred become less probable");
    add("--presence-penalty", sampling.presence_penalty, "taken from the score of a token that was generated");
    add("--frequency-penalty", sampling.frequency_penalty, "the same for each time that it was");
    add("--seed", sampling.seed, "of the random numbers");
  }

  void add_generate() {
    CLI::App* added = command("generate", "Continue a text with a language model",
                              "  hearth generate gemma3.pt2 -p 'Once upon a time' -n 64\n"
                              "  hearth generate gemma3.pt2 -p ' The next day' --session tale\n"
                              "  hearth generate llama.pt2 --ids 1,15,7 --json");
    add_file(added, generate_.file);
    CLI::Option_group* prompt = added->add_option_group("prompt");
    prompt->add_option("-p,--prompt", generate_.prompt, "the text to continue");
    prompt->add_option("--ids", generate_.ids, "the same as tokens: 1,15,7");
    prompt->require_option(0, 1);
    add_generation(added);
    added->callback([this, added] {
      generate_.has_prompt = added->count("--prompt") > 0;
      chosen_ = [this] { return generate(generate_, common_); };
    });
  }

  void add_chat() {
    CLI::App* added = command("chat", "Talk with a language model",
                              "  hearth chat gemma3.pt2\n"
                              "  hearth chat gemma3.pt2 -p 'What is a hearth?' --session talk\n"
                              "  echo 'What is a hearth?' | hearth chat gemma3.pt2 --system 'Answer in one sentence.'");
    add_file(added, generate_.file);
    added->add_option("-p,--prompt", generate_.prompt, "one message to answer, instead of a conversation");
    added->add_option("--system", generate_.system, "what the model is told before a new conversation");
    add_generation(added);
    added->callback([this] { chosen_ = [this] { return chat(generate_, common_); }; });
  }

  /// What both of them take.
  void add_generation(CLI::App* added) {
    added
        ->add_option("--adapter", generate_.adapter,
                     "a fine-tune of the model, made by python -m hearth.export.adapter")
        ->check(CLI::ExistingFile);
    added->add_option("-n,--max-tokens", generate_.max_tokens, "tokens to generate at most")
        ->check(at_least(1))
        ->capture_default_str();
    add_sampling(added, generate_.sampling);
    added->add_option("--logit-bias", generate_.logit_bias, "TOKEN=NUMBER: added to its score; -inf forbids it")
        ->allow_extra_args(false)
        ->take_all();
    added->add_flag("--ignore-end", generate_.ignore_end, "go on after a token that ends an answer");
    added
        ->add_option("--guess", generate_.guessed_tokens,
                     "tokens to guess at a time where the text repeats itself: the same answer, sooner")
        ->check(at_least(0))
        ->capture_default_str();
    added
        ->add_option("--log-probabilities", generate_.likeliest_tokens,
                     "with --json, how probable each token was, and so many that were likeliest")
        ->check(at_least(0));
    added->add_option("--stop", generate_.stops, "text that ends an answer and is no part of it")
        ->allow_extra_args(false)
        ->take_all();
    added->add_option("--session", generate_.session,
                      "a file: go on from it if it is there, and save to it what the model read and wrote");
    added
        ->add_option("--cache-type", generate_.cache_type,
                     "what keys and values are kept as: f32, f16, bf16, or i8, which takes least memory")
        ->check(CLI::IsMember({"f32", "f16", "bf16", "i8"}));
    CLI::Option_group* form = added->add_option_group("form", "What the answer has to be");
    form->add_flag("--json-object", generate_.json_object, "a JSON object");
    form->add_option("--json-schema", generate_.json_schema, "JSON that is valid under this file's schema");
    form->add_option("--regex", generate_.regex, "text that matches as a whole");
    form->add_option("--grammar", generate_.grammar, "text that fits this file's grammar (GBNF)");
    form->require_option(0, 1);
  }

  void add_embed() {
    CLI::App* added = command("embed", "Turn texts into vectors, which are alike for texts that mean alike",
                              "  hearth embed minilm.pt2 'A cat sits.' 'A dog runs.' --similarity\n"
                              "  hearth embed minilm.pt2 - --json < lines.txt\n"
                              "  hearth embed e5.pt2 'how tall is it' --prompt query -o vectors.npy");
    add_file(added, embed_.file);
    added->add_option("TEXT", embed_.texts, "texts; -: the lines of standard input")->required();
    added->add_option("--prompt", embed_.prompt, "what the model's file has under this name goes before each text");
    added->add_option("-o,--output", embed_.output, "a .npy file for the vectors: float32 [texts, dimensions]");
    added->add_flag("--similarity", embed_.similarity, "print the cosine of the angle of every two vectors");
    added->add_flag("--truncate", embed_.truncate, "cut the end of a text that is too long, instead of refusing it");
    added->callback([this] { chosen_ = [this] { return embed(embed_, common_); }; });
  }

  void add_inspect() {
    CLI::App* added = command("inspect", "Say what is in a file; nothing in it is executed",
                              "  hearth inspect model.pt2\n  hearth inspect model.pt2 --json");
    add_file(added, inspect_.file);
    added->callback([this] { chosen_ = [this] { return inspect(inspect_, common_); }; });
  }

  void add_verify() {
    CLI::App* added = command("verify", "Check a file's hashes, and its answers against PyTorch's",
                              "  hearth verify model.pt2\n  hearth verify model.pt2 --target cpu-x86_64-v3");
    add_file(added, verify_.file);
    added->callback([this] { chosen_ = [this] { return verify(verify_, common_); }; });
  }

  void add_eval() {
    CLI::App* added = command("eval", "Measure how well a language model foresees a text",
                              "  hearth eval gemma3.pt2 --perplexity book.txt\n"
                              "  hearth eval gemma3.pt2 --perplexity book.txt --context 512 --stride 256 --json");
    add_file(added, eval_.file);
    added->add_option("--perplexity", eval_.text, "a file of text, in UTF-8")->required();
    added->add_option("--context", eval_.context, "tokens of a window; by default the model's context, 2048 at most")
        ->check(at_least(1));
    added->add_option("--stride", eval_.stride, "tokens from one window to the next; by default half a window")
        ->check(at_least(1));
    added->callback([this] { chosen_ = [this] { return eval(eval_, common_); }; });
  }

  void add_bench() {
    CLI::App* added =
        command("bench", "Measure how long a method takes, or how fast a language model reads and generates",
                "  hearth bench resnet-50.pt2 -r 50 --threads 2\n  hearth bench mlp.pt2 forward --dim batch=64 --json\n"
                "  hearth bench gemma3.pt2 --lengths 128,1024");
    add_file(added, bench_.file);
    added->add_option("METHOD", bench_.method, "the method; by default the only one, or forward");
    added
        ->add_option("--input", bench_.inputs,
                     "as for `hearth run`; by default one picture for a classifier, else the file's own example")
        ->allow_extra_args(false)
        ->take_all();
    added->add_option("--dim", bench_.dimensions, "SYMBOL=SIZE: random inputs of that size instead of the example")
        ->allow_extra_args(false)
        ->take_all();
    added->add_option("--lengths", bench_.lengths, "prompts of a language model, in tokens: 128,512 (also the default)")
        ->delimiter(',');
    added->add_option("--generated", bench_.generated, "tokens that a language model generates after each")
        ->check(at_least(1))
        ->capture_default_str();
    added
        ->add_option("--sequences", bench_.sequences,
                     "of a language model: measure steps in which so many sequences go on by one token each")
        ->check(at_least(1));
    added->add_option("-r,--rounds", bench_.rounds, "measured runs; by default 20, of a language model 3")
        ->check(at_least(1));
    added->add_option("--warmup", bench_.warm_up, "runs before that; by default 3, of a language model 1")
        ->check(at_least(0));
    added->add_flag("--profile", bench_.profile, "then say what each operator took, beside what the machine can do");
    added->add_option("--trace", bench_.trace, "a file for a trace of these runs, for chrome://tracing or Perfetto");
    added->callback([this] { chosen_ = [this] { return bench(bench_, common_); }; });
  }

  CLI::App app_{"Hearth runs PyTorch models, exported to one file, without Python or PyTorch."};
  CommonOptions common_;
  RunOptions run_;
  ClassifyOptions classify_;
  GenerateCommandOptions generate_;
  EmbedCommandOptions embed_;
  InspectOptions inspect_;
  VerifyOptions verify_;
  EvalOptions eval_;
  BenchOptions bench_;
  std::function<Status()> chosen_;
};

}  // namespace
}  // namespace hearth::cli

int main(int argc, char** argv) {
  try {
    return hearth::cli::Program().main(argc, argv);
  } catch (const std::bad_alloc&) {
    std::fputs("hearth: there is not enough memory\n", stderr);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "hearth: %s\n", problem.what());
  }
  return hearth::cli::kFailedRunning;
}
