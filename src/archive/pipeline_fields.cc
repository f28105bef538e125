#include <array>

#include "archive/manifest_fields.h"

namespace hearth {
namespace {

constexpr int64_t kLargestImage = 65536;
constexpr int64_t kLargestVocabulary = 1 << 24;
constexpr int64_t kLongestContext = 1 << 28;
constexpr int64_t kMostDimensions = 1 << 20;

template <typename T>
struct Word {
  std::string_view text;
  T value;
};

template <typename T, size_t N>
Result<T> parse_word(const JsonField& field, const std::array<Word<T>, N>& words) {
  HEARTH_ASSIGN_OR_RETURN(const std::string_view text, field.string());
  for (const Word<T>& word : words) {
    if (word.text == text) return word.value;
  }
  return field.error("'{}' is not known here", text);
}

Result<int> image_size(const JsonField& field, std::string_view key) {
  HEARTH_ASSIGN_OR_RETURN(const JsonField member, field.member(key));
  HEARTH_ASSIGN_OR_RETURN(const int64_t size, member.integer(1, kLargestImage));
  return static_cast<int>(size);
}

Status parse_resize(const JsonField& field, ImagePreprocess& preprocess) {
  using Resize = ImagePreprocess::Resize;
  using Resample = ImagePreprocess::Resample;
  constexpr std::array kModes{Word<Resize>{"shortest_edge", Resize::kShortestEdge},
                              Word<Resize>{"exact", Resize::kExact}};
  constexpr std::array kFilters{Word<Resample>{"nearest", Resample::kNearest},
                                Word<Resample>{"bilinear", Resample::kBilinear},
                                Word<Resample>{"bicubic", Resample::kBicubic}};
  HEARTH_ASSIGN_OR_RETURN(const JsonField mode, field.member("mode"));
  HEARTH_ASSIGN_OR_RETURN(preprocess.resize, parse_word(mode, kModes));
  HEARTH_ASSIGN_OR_RETURN(const JsonField filter, field.member("resample"));
  HEARTH_ASSIGN_OR_RETURN(preprocess.resample, parse_word(filter, kFilters));
  const bool edge = preprocess.resize == Resize::kShortestEdge;
  HEARTH_ASSIGN_OR_RETURN(preprocess.resize_height, image_size(field, edge ? "size" : "height"));
  HEARTH_ASSIGN_OR_RETURN(preprocess.resize_width, image_size(field, edge ? "size" : "width"));
  return {};
}

Result<std::vector<double>> channel_values(const JsonField& field, std::string_view key, int channels) {
  HEARTH_ASSIGN_OR_RETURN(const JsonField member, field.member(key));
  HEARTH_ASSIGN_OR_RETURN(std::vector<double> values,
                          parse_array<double>(member, [](const JsonField& value) { return value.number(); }));
  if (values.size() != static_cast<size_t>(channels))
    return member.error("{} numbers are needed, one per channel", channels);
  return values;
}

Result<ImagePreprocess> parse_preprocess(const JsonField& field) {
  ImagePreprocess preprocess;
  HEARTH_ASSIGN_OR_RETURN(const std::optional<JsonField> resize, field.find("resize"));
  if (resize && !resize->is_null()) HEARTH_RETURN_IF_ERROR(parse_resize(*resize, preprocess));
  HEARTH_ASSIGN_OR_RETURN(const std::optional<JsonField> crop, field.find("center_crop"));
  if (crop && !crop->is_null()) {
    HEARTH_ASSIGN_OR_RETURN(preprocess.crop_height, image_size(*crop, "height"));
    HEARTH_ASSIGN_OR_RETURN(preprocess.crop_width, image_size(*crop, "width"));
  }
  HEARTH_ASSIGN_OR_RETURN(const JsonField channels, field.member("channels"));
  HEARTH_ASSIGN_OR_RETURN(const int64_t count, channels.integer(1, 3));
  if (count == 2) return channels.error("1 or 3 are needed");
  preprocess.channels = static_cast<int>(count);
  HEARTH_ASSIGN_OR_RETURN(const JsonField rescale, field.member("rescale"));
  HEARTH_ASSIGN_OR_RETURN(preprocess.rescale, rescale.number());
  HEARTH_ASSIGN_OR_RETURN(preprocess.mean, channel_values(field, "mean", preprocess.channels));
  HEARTH_ASSIGN_OR_RETURN(preprocess.std, channel_values(field, "std", preprocess.channels));
  for (const double value : preprocess.std) {
    if (value == 0) return field.error("'std' must not be 0");
  }
  return preprocess;
}

Result<std::string> parse_string(const JsonField& field) {
  HEARTH_ASSIGN_OR_RETURN(const std::string_view text, field.string());
  return std::string(text);
}

/// Empty where the key is absent or null.
Result<std::string> optional_string(const JsonField& field, std::string_view key) {
  HEARTH_ASSIGN_OR_RETURN(const std::optional<JsonField> member, field.find(key));
  return member && !member->is_null() ? string_member(field, key) : std::string();
}

Result<TextGeneration> parse_generation(const JsonField& field) {
  TextGeneration generation;
  HEARTH_ASSIGN_OR_RETURN(const JsonField vocabulary, field.member("vocabulary_size"));
  HEARTH_ASSIGN_OR_RETURN(generation.vocabulary_size, vocabulary.integer(1, kLargestVocabulary));
  HEARTH_ASSIGN_OR_RETURN(const JsonField context, field.member("context_length"));
  HEARTH_ASSIGN_OR_RETURN(generation.context_length, context.integer(1, kLongestContext));
  HEARTH_ASSIGN_OR_RETURN(const JsonField ends, field.member("end_tokens"));
  HEARTH_ASSIGN_OR_RETURN(generation.end_tokens, parse_array<int64_t>(ends, [&](const JsonField& token) {
                            return token.integer(0, generation.vocabulary_size - 1);
                          }));
  HEARTH_ASSIGN_OR_RETURN(generation.tokenizer, optional_string(field, "tokenizer"));
  HEARTH_ASSIGN_OR_RETURN(generation.chat_template, optional_string(field, "chat_template"));
  HEARTH_ASSIGN_OR_RETURN(const std::optional<JsonField> special, field.find("special_tokens"));
  if (special && !special->is_null()) {
    HEARTH_ASSIGN_OR_RETURN(generation.special_tokens, parse_map<std::string>(*special, parse_string));
  }
  return generation;
}

Result<TextEmbedding> parse_embedding(const JsonField& field) {
  TextEmbedding embedding;
  HEARTH_ASSIGN_OR_RETURN(const JsonField dimensions, field.member("dimensions"));
  HEARTH_ASSIGN_OR_RETURN(embedding.dimensions, dimensions.integer(1, kMostDimensions));
  HEARTH_ASSIGN_OR_RETURN(const JsonField context, field.member("context_length"));
  HEARTH_ASSIGN_OR_RETURN(embedding.context_length, context.integer(1, kLongestContext));
  HEARTH_ASSIGN_OR_RETURN(embedding.tokenizer, optional_string(field, "tokenizer"));
  HEARTH_ASSIGN_OR_RETURN(const std::optional<JsonField> prompts, field.find("prompts"));
  if (prompts && !prompts->is_null()) {
    HEARTH_ASSIGN_OR_RETURN(embedding.prompts, parse_map<std::string>(*prompts, parse_string));
  }
  HEARTH_ASSIGN_OR_RETURN(embedding.default_prompt, optional_string(field, "default_prompt"));
  if (!embedding.default_prompt.empty() && !embedding.prompts.contains(embedding.default_prompt)) {
    return field.error("there is no prompt '{}', the default", embedding.default_prompt);
  }
  return embedding;
}

}  // namespace

Result<PipelineSpec> parse_pipeline(const JsonField& field) {
  PipelineSpec pipeline;
  HEARTH_ASSIGN_OR_RETURN(pipeline.task, string_member(field, "task"));
  const bool generates = pipeline.task == "text-generation";
  const bool embeds = pipeline.task == "text-embedding";
  // A task of a later version: what it needs beside its name is not known here, and the model itself still runs.
  if (!generates && !embeds && pipeline.task != "image-classification") return pipeline;
  HEARTH_ASSIGN_OR_RETURN(pipeline.method, string_member(field, "method"));
  if (generates) {
    HEARTH_ASSIGN_OR_RETURN(pipeline.generation, parse_generation(field));
    return pipeline;
  }
  if (embeds) {
    HEARTH_ASSIGN_OR_RETURN(pipeline.embedding, parse_embedding(field));
    return pipeline;
  }
  HEARTH_ASSIGN_OR_RETURN(pipeline.input, string_member(field, "input"));
  HEARTH_ASSIGN_OR_RETURN(pipeline.output, string_member(field, "output"));
  HEARTH_ASSIGN_OR_RETURN(pipeline.labels, optional_string(field, "labels"));
  HEARTH_ASSIGN_OR_RETURN(const JsonField preprocess, field.member("preprocess"));
  HEARTH_ASSIGN_OR_RETURN(pipeline.preprocess, parse_preprocess(preprocess));
  return pipeline;
}

}  // namespace hearth
