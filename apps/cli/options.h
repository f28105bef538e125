#pragma once

#include <map>
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

  ModelOptions model_options() const { return {device, target, threads, {}}; }
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
  std::string adapter;  ///< A file, or empty.
  std::string ids;      ///< The prompt as numbers, or empty.
  std::string prompt;   ///< As text. In a chat, the only message; empty: a conversation.
  std::string system;   ///< In a chat, what the model is told first; empty: nothing.
  std::vector<std::string> stops;
  std::string json_schema;  ///< Files, or empty.
  std::string grammar;
  std::string regex;
  bool json_object = false;
  int64_t max_tokens = 128;
  SamplingOptions sampling;
  std::vector<std::string> logit_bias;  ///< "TOKEN=NUMBER".
  bool ignore_end = false;
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
  int rounds = 20;
  int warm_up = 3;
  bool profile = false;
  std::string trace;  ///< A file to write, or empty.
};

}  // namespace hearth::cli
