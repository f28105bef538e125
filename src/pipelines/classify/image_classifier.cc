#include <algorithm>

#include "base/errors.h"
#include "base/mapped_file.h"
#include "hearth/classify.h"
#include "media/image/image.h"
#include "media/image/preprocess.h"
#include "model/model_impl.h"
#include "pipelines/classify/labels.h"

namespace hearth {
namespace {

/// Pictures that go through the model together: enough to keep the threads busy, few enough to bound memory.
constexpr int64_t kLargestBatch = 16;

/// How many pictures the method takes at once.
struct BatchRange {
  int64_t least = 1;
  int64_t most = 1;
};

BatchRange batch_range(const MethodSpec& method, const Dimension& batch) {
  if (batch.symbol.empty()) return {batch.add, batch.add};
  const SymbolRange& range = method.symbols.at(batch.symbol);
  const int64_t most = std::min(range.max, kLargestBatch);
  return {batch.multiply * range.min + batch.add, batch.multiply * std::max(most, range.min) + batch.add};
}

}  // namespace

class ImageClassifierImpl {
 public:
  ImageClassifierImpl(Model model, Session session, const PipelineSpec& pipeline)
      : model_(std::move(model)), session_(std::move(session)), pipeline_(pipeline) {}

  Status prepare() {
    const Archive& archive = model_.impl()->archive();
    const MethodSpec& method = archive.manifest().methods.at(pipeline_.method);
    if (method.inputs.size() != 1)
      return invalid_argument("the model's method '{}' needs more than a picture", pipeline_.method);
    const InputSpec& input = method.inputs.front();
    if (input.shape.size() != 4 || input.dtype != DType::kFloat32) {
      return invalid_argument("the model's input '{}' is not a batch of float32 pictures", input.name);
    }
    batch_ = batch_range(method, input.shape[0]);
    const auto output = std::ranges::find(method.outputs, pipeline_.output, &OutputSpec::name);
    output_ = static_cast<size_t>(output - method.outputs.begin());
    if (pipeline_.labels.empty()) return {};
    HEARTH_ASSIGN_OR_RETURN(const std::string json, archive.text(pipeline_.labels));
    HEARTH_ASSIGN_OR_RETURN(labels_, parse_labels(json));
    return {};
  }

  Result<std::vector<std::vector<Classification>>> classify(const std::vector<Tensor>& pictures, size_t top) {
    std::vector<std::vector<Classification>> answers;
    for (size_t begin = 0; begin < pictures.size();) {
      const size_t count = std::min(pictures.size() - begin, static_cast<size_t>(batch_.most));
      std::vector<Tensor> batch(pictures.begin() + static_cast<ptrdiff_t>(begin),
                                pictures.begin() + static_cast<ptrdiff_t>(begin + count));
      // A method that wants more pictures than there are gets the last one again; its further answers are dropped.
      while (static_cast<int64_t>(batch.size()) < batch_.least) batch.push_back(batch.back());
      HEARTH_ASSIGN_OR_RETURN(const Tensor input, stack_images(batch));
      HEARTH_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, session_.run(pipeline_.method, std::span(&input, 1)));
      HEARTH_RETURN_IF_ERROR(rank_rows(outputs[output_], count, top, answers));
      begin += count;
    }
    return answers;
  }

  Result<Tensor> read_picture(std::span<const std::byte> bytes) const {
    HEARTH_ASSIGN_OR_RETURN(const Image image, decode_image(bytes));
    return preprocess_image(image, pipeline_.preprocess);
  }

 private:
  Status rank_rows(const Tensor& logits, size_t count, size_t top,
                   std::vector<std::vector<Classification>>& answers) const {
    if (logits.rank() != 2 || logits.size(0) < static_cast<int64_t>(count)) {
      return error(StatusCode::kFailed, "the model's answer is {}, not one row of numbers for each picture",
                   describe(logits));
    }
    for (size_t row = 0; row < count; ++row) {
      HEARTH_ASSIGN_OR_RETURN(
          const Tensor scores,
          Tensor::view(logits.storage(), logits.dtype(), logits.shape().subspan(1), logits.strides().subspan(1),
                       logits.offset() + static_cast<int64_t>(row) * logits.stride(0)));
      HEARTH_ASSIGN_OR_RETURN(std::vector<Classification> ranked, rank_classes(scores, labels_, top));
      answers.push_back(std::move(ranked));
    }
    return {};
  }

  Model model_;
  Session session_;
  const PipelineSpec& pipeline_;  ///< In the model's manifest.
  BatchRange batch_;
  size_t output_ = 0;
  std::vector<std::string> labels_;
};

Result<ImageClassifier> ImageClassifier::create(const Model& model) {
  const Archive& archive = model.impl()->archive();
  const std::optional<PipelineSpec>& pipeline = archive.manifest().pipeline;
  if (!pipeline || pipeline->task != "image-classification") {
    return invalid_argument(
        "the model '{}' is not for image classification{}", model.name(),
        pipeline ? fmt::format(", its task is {}", pipeline->task) : ": its file describes no task; use `hearth run`");
  }
  HEARTH_ASSIGN_OR_RETURN(Session session, model.session());
  auto impl = std::make_unique<ImageClassifierImpl>(model, std::move(session), *pipeline);
  HEARTH_RETURN_IF_ERROR(impl->prepare());
  return ImageClassifier(std::move(impl));
}

ImageClassifier::ImageClassifier(std::unique_ptr<ImageClassifierImpl> impl) : impl_(std::move(impl)) {}
ImageClassifier::ImageClassifier(ImageClassifier&&) noexcept = default;
ImageClassifier& ImageClassifier::operator=(ImageClassifier&&) noexcept = default;
ImageClassifier::~ImageClassifier() = default;

Result<std::vector<std::vector<Classification>>> ImageClassifier::classify(
    std::span<const std::span<const std::byte>> pictures, size_t top) {
  std::vector<Tensor> tensors;
  for (const std::span<const std::byte> bytes : pictures) {
    Result<Tensor> tensor = impl_->read_picture(bytes);
    if (!tensor.ok()) return tensor.status().with_context(fmt::format("picture {}", tensors.size()));
    tensors.push_back(*std::move(tensor));
  }
  return impl_->classify(tensors, top);
}

Result<std::vector<std::vector<Classification>>> ImageClassifier::classify(std::span<const std::filesystem::path> files,
                                                                           size_t top) {
  std::vector<Tensor> tensors;
  for (const std::filesystem::path& path : files) {
    HEARTH_ASSIGN_OR_RETURN(const std::shared_ptr<const MappedFile> file, MappedFile::open(path));
    Result<Tensor> tensor = impl_->read_picture(file->bytes());
    if (!tensor.ok()) return tensor.status().with_context(path.string());
    tensors.push_back(*std::move(tensor));
  }
  return impl_->classify(tensors, top);
}

}  // namespace hearth
