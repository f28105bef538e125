#include "pipelines/generate/text_reader.h"

#include <nlohmann/json.hpp>

#include "base/errors.h"

namespace hearth {

Result<TextReader> TextReader::open(const Archive& archive, const TextGeneration& facts) {
  TextReader reader(facts);
  if (facts.tokenizer.empty()) return reader;
  HEARTH_ASSIGN_OR_RETURN(const std::span<const std::byte> table, archive.record(facts.tokenizer));
  HEARTH_ASSIGN_OR_RETURN(reader.tokenizer_, Tokenizer::open(table));
  if (facts.chat_template.empty()) return reader;
  HEARTH_ASSIGN_OR_RETURN(const std::string source, archive.text(facts.chat_template));
  HEARTH_ASSIGN_OR_RETURN(reader.template_, ChatTemplate::parse(source));
  return reader;
}

Status TextReader::check_tokenizer() const {
  if (tokenizer_) return {};
  return invalid_argument("the model's file has no tokenizer; give token numbers (`hearth generate --ids`)");
}

Result<std::vector<int64_t>> TextReader::tokens(std::string_view text) const {
  HEARTH_RETURN_IF_ERROR(check_tokenizer());
  return tokenizer_->encode(text);
}

Result<std::vector<int64_t>> TextReader::continuation_tokens(std::string_view text) const {
  HEARTH_RETURN_IF_ERROR(check_tokenizer());
  return tokenizer_->encode(text, {.add_special_tokens = false});
}

Result<std::vector<int64_t>> TextReader::tokens(std::span<const ChatMessage> messages) const {
  HEARTH_RETURN_IF_ERROR(check_tokenizer());
  if (!template_) {
    return invalid_argument(
        "the model is not made for conversations: its file has no chat template; let it continue "
        "a text (`hearth generate -p`)");
  }
  nlohmann::ordered_json context = {{"messages", nlohmann::ordered_json::array()}, {"add_generation_prompt", true}};
  for (const ChatMessage& message : messages) {
    context["messages"].push_back({{"role", message.role}, {"content", message.content}});
  }
  for (const auto& [name, token] : facts_->special_tokens) context[name] = token;
  // What is no UTF-8 is replaced, as the tokenizer would.
  const std::string json = context.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  HEARTH_ASSIGN_OR_RETURN(const RenderedText rendered, template_->render(json));
  std::vector<TextSegment> segments;
  for (const RenderedSegment& part : rendered.segments) segments.push_back({part.text, part.trusted});
  // The template writes the special tokens itself.
  return tokenizer_->encode(segments, /*add_special_tokens=*/false);
}

}  // namespace hearth
