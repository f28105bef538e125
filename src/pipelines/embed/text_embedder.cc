#include <algorithm>
#include <array>
#include <vector>

#include "base/errors.h"
#include "hearth/embed.h"
#include "model/model_impl.h"
#include "pipelines/embed/embedder_plan.h"
#include "pipelines/embed/text_batches.h"
#include "tensor/copy.h"
#include "text/tokenizer/tokenizer.h"

namespace hearth {
namespace {

using Tokens = std::vector<int64_t>;

/// Vectors of some texts: rows of a result.
Result<Tensor> row_of(const Tensor& vectors, size_t row) {
  return Tensor::view(vectors.storage(), vectors.dtype(), vectors.shape().last(1), vectors.strides().last(1),
                      vectors.offset() + static_cast<int64_t>(row) * vectors.stride(0));
}

}  // namespace

class TextEmbedderImpl {
 public:
  TextEmbedderImpl(Model model, Session session, const EmbedderPlan& plan, Tokenizer tokenizer)
      : model_(std::move(model)), session_(std::move(session)), plan_(plan), tokenizer_(std::move(tokenizer)) {}

  const TextEmbedding& facts() const { return plan_.pipeline->embedding; }

  Result<Tensor> embed(std::span<const std::string_view> texts, const EmbedOptions& options) {
    HEARTH_ASSIGN_OR_RETURN(const std::string_view prompt, find_prompt(options.prompt));
    std::vector<Tokens> tokens;
    std::vector<int64_t> lengths;
    for (size_t i = 0; i < texts.size(); ++i) {
      Result<Tokens> ids = tokens_of(prompt, texts[i], options.truncates);
      if (!ids.ok()) return ids.status().with_context(fmt::format("text {}", i));
      lengths.push_back(static_cast<int64_t>(ids->size()));
      tokens.push_back(std::move(ids).value());
    }
    const std::array shape{static_cast<int64_t>(texts.size()), facts().dimensions};
    HEARTH_ASSIGN_OR_RETURN(Tensor vectors, Tensor::empty(DType::kFloat32, shape));
    for (const std::vector<size_t>& batch : batch_texts(lengths, plan_.most_texts)) {
      HEARTH_RETURN_IF_ERROR(embed_batch(batch, tokens, vectors));
    }
    return vectors;
  }

 private:
  Result<std::string_view> find_prompt(const std::string& name) const {
    const std::string& wanted = name.empty() ? facts().default_prompt : name;
    if (wanted.empty()) return std::string_view();
    const auto found = facts().prompts.find(wanted);
    if (found != facts().prompts.end()) return std::string_view(found->second);
    std::vector<std::string_view> names;
    for (const auto& [known, text] : facts().prompts) names.push_back(known);
    return invalid_argument("the model has no prompt '{}'; {}", wanted,
                            names.empty() ? "it has none" : fmt::format("it has {}", fmt::join(names, ", ")));
  }

  Result<Tokens> tokens_of(std::string_view prompt, std::string_view text, bool truncates) const {
    const std::array segments{TextSegment{prompt, /*trusted=*/true}, TextSegment{text}};
    HEARTH_ASSIGN_OR_RETURN(Tokens tokens, tokenizer_.encode(segments));
    if (tokens.empty()) return invalid_argument("it has no tokens");
    const auto most = static_cast<size_t>(facts().context_length);
    if (tokens.size() <= most) return tokens;
    if (!truncates) {
      return invalid_argument("it has {} tokens, the model takes {}; shorten it, or let its end be cut (--truncate)",
                              tokens.size(), most);
    }
    const auto after = static_cast<size_t>(tokenizer_.tokens_after_text());
    if (after >= most) return invalid_file("the model takes {} tokens, which leaves no room for a text", most);
    // What follows every text stays.
    tokens.erase(tokens.begin() + static_cast<ptrdiff_t>(most - after), tokens.end() - static_cast<ptrdiff_t>(after));
    return tokens;
  }

  Status embed_batch(const std::vector<size_t>& batch, const std::vector<Tokens>& tokens, const Tensor& vectors) {
    const size_t longest = tokens[batch.front()].size();
    const std::array shape{static_cast<int64_t>(batch.size()), static_cast<int64_t>(longest)};
    HEARTH_ASSIGN_OR_RETURN(const Tensor rows, Tensor::empty(DType::kInt64, shape));
    HEARTH_ASSIGN_OR_RETURN(const Tensor lengths, Tensor::empty(DType::kInt64, std::span(shape).first(1)));
    HEARTH_RETURN_IF_ERROR(fill_zero(rows));
    for (size_t i = 0; i < batch.size(); ++i) {
      const Tokens& ids = tokens[batch[i]];
      std::ranges::copy(ids, rows.data_as<int64_t>() + i * longest);
      lengths.data_as<int64_t>()[i] = static_cast<int64_t>(ids.size());
    }
    const std::array inputs{rows, lengths};
    HEARTH_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, session_.run(plan_.pipeline->method, inputs));
    for (size_t i = 0; i < batch.size(); ++i) {
      HEARTH_ASSIGN_OR_RETURN(const Tensor from, row_of(outputs[0], i));
      HEARTH_ASSIGN_OR_RETURN(const Tensor to, row_of(vectors, batch[i]));
      HEARTH_RETURN_IF_ERROR(copy_strided(to, from));
    }
    return {};
  }

  Model model_;
  Session session_;
  EmbedderPlan plan_;    ///< Points into the model's manifest.
  Tokenizer tokenizer_;  ///< Uses the table in the model's archive.
};

Result<TextEmbedder> TextEmbedder::create(const Model& model) {
  const Archive& archive = model.impl()->archive();
  HEARTH_ASSIGN_OR_RETURN(const EmbedderPlan plan, plan_embedder(archive.manifest()));
  const std::string& record = plan.pipeline->embedding.tokenizer;
  if (record.empty()) {
    return invalid_argument("the model's file has no tokenizer; give token numbers to its method '{}' (`hearth run`)",
                            plan.pipeline->method);
  }
  HEARTH_ASSIGN_OR_RETURN(const std::span<const std::byte> table, archive.record(record));
  HEARTH_ASSIGN_OR_RETURN(Tokenizer tokenizer, Tokenizer::open(table));
  HEARTH_ASSIGN_OR_RETURN(Session session, model.session());
  return TextEmbedder(std::make_unique<TextEmbedderImpl>(model, std::move(session), plan, std::move(tokenizer)));
}

TextEmbedder::TextEmbedder(std::unique_ptr<TextEmbedderImpl> impl) : impl_(std::move(impl)) {}
TextEmbedder::TextEmbedder(TextEmbedder&&) noexcept = default;
TextEmbedder& TextEmbedder::operator=(TextEmbedder&&) noexcept = default;
TextEmbedder::~TextEmbedder() = default;

int64_t TextEmbedder::dimensions() const { return impl_->facts().dimensions; }
int64_t TextEmbedder::context_length() const { return impl_->facts().context_length; }
const std::map<std::string, std::string>& TextEmbedder::prompts() const { return impl_->facts().prompts; }

Result<Tensor> TextEmbedder::embed(std::span<const std::string_view> texts, const EmbedOptions& options) {
  return impl_->embed(texts, options);
}

}  // namespace hearth
