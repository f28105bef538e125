#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hearth/model.h"
#include "hearth/sampling.h"

namespace hearth::cli {

/// What every command takes.
struct CommonOptions {
  std::string device = "auto";
  std::string target;
  std::string trust = "trusted";
  int threads = 0;
  bool json = false;
  bool quiet = false;
};

struct RunOptions {
  std::string file;
  std::string method;
  std::vector<std::string> inputs;
  std::string output;
};

struct ClassifyOptions {
  std::string file;
  std::vector<std::string> images;
  int top = 5;
};

struct GenerateCommandOptions {
  std::string file;
  std::string adapter;      ///< A file, or empty.
  std::string ids;          ///< The prompt as numbers, or empty.
  std::string prompt;       ///< As text. In a chat, the only message; empty: a conversation.
  bool has_prompt = false;  ///< It was given, be it empty.
  std::string system;       ///< In a chat, what the model is told first; empty: nothing.
  std::vector<std::string> stops;
  std::string json_schema;  ///< Files, or empty.
  std::string grammar;
  std::string regex;
  bool json_object = false;
  int64_t max_tokens = 128;
  SamplingOptions sampling;
  std::vector<std::string> logit_bias;  ///< "TOKEN=NUMBER".
  bool ignore_end = false;
  int64_t guessed_tokens = 0;               ///< See GenerateOptions.
  std::optional<int64_t> likeliest_tokens;  ///< The same; told with --json.
  std::string session;                      ///< A file to go on from and to save to, or empty.
  std::string cache_type;                   ///< "f32", "f16", "bf16", "i8", or empty: as computed.
};

struct EvalOptions {
  std::string file;
  std::string text;     ///< A file.
  int64_t context = 0;  ///< See PerplexityOptions.
  int64_t stride = 0;
};

struct EmbedCommandOptions {
  std::string file;
  std::vector<std::string> texts;  ///< "-": the lines of standard input.
  std::string prompt;              ///< Name of one of the model's, or empty.
  std::string output;              ///< A .npy file to write, or empty.
  bool similarity = false;
  bool truncate = false;
};

struct InspectOptions {
  std::string file;
};

struct VerifyOptions {
  std::string file;
};

struct BenchOptions {
  std::string file;
  std::string method;
  std::vector<std::string> inputs;
  std::vector<std::string> dimensions;
  std::vector<int64_t> lengths;  ///< Of prompts for a language model; empty: the usual ones.
  int64_t generated = 32;        ///< Tokens after each.
  int sequences = 0;             ///< Of a language model, that go on by a token each run; 0: measure the inputs.
  std::optional<int> rounds;     ///< None: as many as usual.
  std::optional<int> warm_up;
  bool profile = false;
  std::string trace;  ///< A file to write, or empty.
};

}  // namespace hearth::cli
