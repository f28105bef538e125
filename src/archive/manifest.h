#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

/// `multiply * symbol + add`, or the constant `add` when there is no symbol.
struct Dimension {
  std::string symbol;
  int64_t multiply = 0;
  int64_t add = 0;
  bool unknown = false;  ///< Outputs only: known after the run.

  /// A symbol's value itself, neither multiplied nor added to.
  bool is_symbol() const { return !symbol.empty() && multiply == 1 && add == 0; }
};

/// Values that a symbolic dimension may take, both ends included.
struct SymbolRange {
  int64_t min = 0;
  int64_t max = INT64_MAX;
};

struct InputSpec {
  std::string name;
  DType dtype = DType::kFloat32;
  std::vector<Dimension> shape;
  std::vector<int> dim_order;  ///< Dense memory order, outermost first; a permutation of the dimensions.
};

struct OutputSpec {
  std::string name;
  DType dtype = DType::kFloat32;
  std::vector<Dimension> shape;
};

/// Compiled code of one method for one target.
struct TargetSpec {
  std::string device;                            ///< "cpu"
  std::string machine;                           ///< "x86_64", "aarch64"
  std::string system;                            ///< "linux", "windows", "macos"
  std::vector<std::string> cpu_features;         ///< All must be present: names as in /proc/cpuinfo.
  std::string library;                           ///< Record.
  std::map<std::string, std::string> constants;  ///< Name inside the library -> tensor.
  std::string fallback_nodes;  ///< Record with the operators that the library calls by name, or empty.
  std::string blob;            ///< Stock packages only: record with the library's constants, or empty.
  int compute_capability = 0;  ///< What a GPU has to have: 80 for 8.0; 0: nothing is said.
};

struct MethodSpec {
  std::map<std::string, SymbolRange> symbols;
  std::vector<InputSpec> inputs;
  std::vector<OutputSpec> outputs;
  std::map<std::string, TargetSpec> targets;
};

struct TensorSpec {
  std::string record;
  uint64_t offset = 0;
  DType dtype = DType::kFloat32;
  std::string format;
  std::vector<int64_t> shape;
  std::vector<int64_t> strides;
};

struct RecordSpec {
  uint64_t size = 0;
  uint64_t xxh3 = 0;
  std::string sha256;  ///< 64 lower-case hex digits, or empty.
};

struct GoldenOutput {
  std::string record;
  double atol = 0;
  double rtol = 0;
};

struct Golden {
  std::string method;
  std::string name;                 ///< The manifest's "case".
  std::vector<std::string> inputs;  ///< Records.
  std::vector<GoldenOutput> outputs;
};

/// How pictures become the pipeline's input; see docs/archive-format.md.
struct ImagePreprocess {
  enum class Resize { kNone, kShortestEdge, kExact };
  enum class Resample { kNearest, kBilinear, kBicubic };
  Resize resize = Resize::kNone;
  Resample resample = Resample::kBilinear;
  int resize_height = 0;  ///< For kShortestEdge both hold the edge.
  int resize_width = 0;
  int crop_height = 0;  ///< 0: no crop.
  int crop_width = 0;
  int channels = 3;
  double rescale = 1.0 / 255.0;
  std::vector<double> mean;  ///< One per channel.
  std::vector<double> std;
};

/// How a method that goes on with a sequence of tokens is used; see docs/archive-format.md.
struct TextGeneration {
  int64_t vocabulary_size = 0;
  int64_t context_length = 0;       ///< Tokens that a sequence may have.
  std::vector<int64_t> end_tokens;  ///< Any of them ends what is generated.
  std::string tokenizer;            ///< Record with its table; empty: the model knows token numbers only.
  std::string chat_template;        ///< Record; empty: the model is not made for conversations.
  /// What the template calls its special tokens: "bos_token" -> "<s>".
  std::map<std::string, std::string> special_tokens;
};

/// How a method that turns tokens of texts into vectors is used; see docs/archive-format.md.
struct TextEmbedding {
  int64_t dimensions = 0;                      ///< Numbers of a vector.
  int64_t context_length = 0;                  ///< Tokens that a text may have.
  std::string tokenizer;                       ///< Record with its table; empty: the model knows token numbers only.
  std::map<std::string, std::string> prompts;  ///< What goes before a text, by name.
  std::string default_prompt;                  ///< The name of one of them, or empty.
};

struct PipelineSpec {
  std::string task;
  std::string method;
  std::string input;  ///< Of image classification, like what follows.
  std::string output;
  std::string labels;  ///< Record, or empty.
  ImagePreprocess preprocess;
  TextGeneration generation;  ///< Of text generation.
  TextEmbedding embedding;    ///< Of text embedding.
};

/// The facts of extra/hearth.json, each field validated and all cross references (records, symbols, tensors, methods)
/// checked. Immutable.
struct Manifest {
  int64_t format = 1;
  std::string name;
  std::map<std::string, std::string> producer;
  std::map<std::string, RecordSpec> records;
  std::map<std::string, TensorSpec> tensors;
  std::map<std::string, MethodSpec> methods;
  std::optional<PipelineSpec> pipeline;
  std::vector<Golden> goldens;
};

/// Parses and validates. kInvalidFile names the field by its path: "extra/hearth.json: methods.forward.inputs[0].dtype:
/// …".
Result<Manifest> parse_manifest(std::string_view json);

}  // namespace hearth
