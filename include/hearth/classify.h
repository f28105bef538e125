#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hearth/export.h"
#include "hearth/model.h"
#include "hearth/status.h"

namespace hearth {

/// What a picture may show.
struct Classification {
  std::string label;       ///< The class's name, or its number where the model has no names.
  int64_t index = 0;       ///< The class's number.
  double probability = 0;  ///< Softmax of the model's answer, 0 to 1.
};

class ImageClassifierImpl;

/// Says what is in pictures, with a model whose file describes how pictures become its input. Move-only; used from one
/// thread at a time.
class HEARTH_API ImageClassifier {
 public:
  /// kInvalidArgument when the model is not for image classification.
  static Result<ImageClassifier> create(const Model& model);
  ImageClassifier(ImageClassifier&&) noexcept;
  ImageClassifier& operator=(ImageClassifier&&) noexcept;
  ~ImageClassifier();

  /// The `top` most probable classes of each picture (encoded PNG, JPEG or WebP), most probable first. Pictures go
  /// through the model in batches where it takes them. kInvalidFile names the picture by its place.
  Result<std::vector<std::vector<Classification>>> classify(std::span<const std::span<const std::byte>> pictures,
                                                            size_t top);
  /// The same for files; messages name them.
  Result<std::vector<std::vector<Classification>>> classify(std::span<const std::filesystem::path> files, size_t top);

 private:
  explicit ImageClassifier(std::unique_ptr<ImageClassifierImpl> impl);
  std::unique_ptr<ImageClassifierImpl> impl_;
};

}  // namespace hearth
