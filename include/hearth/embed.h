#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "hearth/export.h"
#include "hearth/model.h"
#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

struct EmbedOptions {
  /// Name of one of prompts(), which is put before each text; empty: the model's default one, if it has any.
  std::string prompt{};
  /// A text that is longer than the model takes loses its end, instead of being refused.
  bool truncates = false;
};

class TextEmbedderImpl;

/// Turns texts into vectors, of which those of similar texts point in similar directions, with a model whose file says
/// how text becomes tokens. Move-only; used from one thread at a time.
class HEARTH_API TextEmbedder {
 public:
  /// kInvalidArgument when the model is not for text embedding, or its file has no tokenizer.
  static Result<TextEmbedder> create(const Model& model);
  TextEmbedder(TextEmbedder&&) noexcept;
  TextEmbedder& operator=(TextEmbedder&&) noexcept;
  ~TextEmbedder();

  /// Numbers of a vector.
  int64_t dimensions() const;
  /// Tokens that a text may have, prompt and special tokens included.
  int64_t context_length() const;
  /// What the model was trained to have before a text, by the kind of text: "query" -> "query: ".
  const std::map<std::string, std::string>& prompts() const;

  /// A vector for each text, in their order: float32 [texts, dimensions()], row-major, of length 1 unless the file was
  /// exported otherwise. Texts of similar length go through the model together. Special tokens are not read from texts,
  /// but from prompts. kInvalidArgument: a prompt that the model does not have, or a text, named by its place, without
  /// tokens or with too many.
  Result<Tensor> embed(std::span<const std::string_view> texts, const EmbedOptions& options = {});

 private:
  explicit TextEmbedder(std::unique_ptr<TextEmbedderImpl> impl);
  std::unique_ptr<TextEmbedderImpl> impl_;
};

}  // namespace hearth
