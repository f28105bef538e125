#include <algorithm>
#include <iterator>

#include "base/errors.h"
#include "base/mapped_file.h"
#include "hearth/classify.h"
#include "media/image/image.h"
#include "media/image/preprocess.h"
#include "model/model_impl.h"
#include "pipelines/classify/classifier_plan.h"
#include "pipelines/classify/labels.h"

namespace hearth {

class ImageClassifierImpl {
 public:
  ImageClassifierImpl(Model model, Session session, const ClassifierPlan& plan)
      : model_(std::move(model)), session_(std::move(session)), plan_(plan) {}

  Status read_labels() {
    if (plan_.pipeline->labels.empty()) return {};
    HEARTH_ASSIGN_OR_RETURN(const std::string json, model_.impl()->archive().text(plan_.pipeline->labels));
    HEARTH_ASSIGN_OR_RETURN(labels_, parse_labels(json));
    return {};
  }

  /// `read(i)` makes the i-th picture's tensor; one batch of them is held at a time.
  template <typename Read>
  Result<std::vector<std::vector<Classification>>> classify(size_t pictures, const Read& read, size_t top) {
    std::vector<std::vector<Classification>> answers;
    while (answers.size() < pictures) {
      const size_t count = std::min(pictures - answers.size(), static_cast<size_t>(plan_.batch.most));
      std::vector<Tensor> batch;
      for (size_t i = 0; i < count; ++i) {
        HEARTH_ASSIGN_OR_RETURN(Tensor picture, read(answers.size() + i));
        batch.push_back(std::move(picture));
      }
      // A method that wants more pictures than there are gets the last one again; its further answers are dropped.
      batch.resize(static_cast<size_t>(plan_.batch.with_room_for(static_cast<int64_t>(count))), batch.back());
      HEARTH_ASSIGN_OR_RETURN(const Tensor input, stack_images(batch));
      HEARTH_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs,
                              session_.run(plan_.pipeline->method, std::span(&input, 1)));
      HEARTH_ASSIGN_OR_RETURN(auto ranked, rank_rows(outputs[plan_.output], count, labels_, top));
      std::ranges::move(ranked, std::back_inserter(answers));
    }
    return answers;
  }

  Result<Tensor> read_picture(std::span<const std::byte> bytes) const {
    HEARTH_ASSIGN_OR_RETURN(const Image image, decode_image(bytes));
    return preprocess_image(image, plan_.pipeline->preprocess);
  }

 private:
  Model model_;
  Session session_;
  ClassifierPlan plan_;  ///< Points into the model's manifest.
  std::vector<std::string> labels_;
};

Result<ImageClassifier> ImageClassifier::create(const Model& model) {
  HEARTH_ASSIGN_OR_RETURN(const ClassifierPlan plan, plan_classifier(model.impl()->archive().manifest()));
  HEARTH_ASSIGN_OR_RETURN(Session session, model.session());
  auto impl = std::make_unique<ImageClassifierImpl>(model, std::move(session), plan);
  HEARTH_RETURN_IF_ERROR(impl->read_labels());
  return ImageClassifier(std::move(impl));
}

ImageClassifier::ImageClassifier(std::unique_ptr<ImageClassifierImpl> impl) : impl_(std::move(impl)) {}
ImageClassifier::ImageClassifier(ImageClassifier&&) noexcept = default;
ImageClassifier& ImageClassifier::operator=(ImageClassifier&&) noexcept = default;
ImageClassifier::~ImageClassifier() = default;

Result<std::vector<std::vector<Classification>>> ImageClassifier::classify(
    std::span<const std::span<const std::byte>> pictures, size_t top) {
  const auto read = [&](size_t i) -> Result<Tensor> {
    Result<Tensor> tensor = impl_->read_picture(pictures[i]);
    if (!tensor.ok()) return tensor.status().with_context(fmt::format("picture {}", i));
    return tensor;
  };
  return impl_->classify(pictures.size(), read, top);
}

Result<std::vector<std::vector<Classification>>> ImageClassifier::classify(std::span<const std::filesystem::path> files,
                                                                           size_t top) {
  const auto read = [&](size_t i) -> Result<Tensor> {
    HEARTH_ASSIGN_OR_RETURN(const std::shared_ptr<const MappedFile> file, MappedFile::open(files[i]));
    Result<Tensor> tensor = impl_->read_picture(file->bytes());
    if (!tensor.ok()) return tensor.status().with_context(files[i].string());
    return tensor;
  };
  return impl_->classify(files.size(), read, top);
}

}  // namespace hearth
