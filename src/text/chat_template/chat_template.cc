#include "text/chat_template/chat_template.h"

#include <utility>

#include "base/errors.h"
#include "text/chat_template/characters.h"
#include "text/chat_template/context_json.h"
#include "text/chat_template/interpreter.h"
#include "text/chat_template/parser.h"

namespace hearth {
namespace {

std::tm local_time() {
  const std::time_t seconds = std::time(nullptr);
  std::tm time{};
  localtime_r(&seconds, &time);
  return time;
}

RenderedText segments_of(const jinja::OriginText& text) {
  RenderedText result;
  size_t begin = 0;
  for (const jinja::OriginText::Run& run : text.runs()) {
    result.segments.push_back({text.bytes().substr(begin, run.end - begin), run.trusted});
    begin = run.end;
  }
  return result;
}

}  // namespace

struct ChatTemplate::Tree {
  jinja::Body body;
};

ChatTemplate::ChatTemplate(std::unique_ptr<const Tree> tree) : tree_(std::move(tree)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

std::string RenderedText::text() const {
  std::string text;
  for (const RenderedSegment& segment : segments) text += segment.text;
  return text;
}

Result<ChatTemplate> ChatTemplate::parse(std::string_view source, const TemplateLimits& limits) {
  if (source.size() > limits.source_bytes) {
    return invalid_file("chat template: {} bytes are more than TemplateLimits::source_bytes, {}", source.size(),
                        limits.source_bytes);
  }
  if (!is_valid_utf8(source)) return invalid_file("chat template: the text is not UTF-8");
  Result<jinja::Body> body = jinja::parse_template(source, limits);
  if (!body.ok()) return body.status().with_context("chat template");
  return ChatTemplate(std::make_unique<const Tree>(Tree{std::move(*body)}));
}

Result<RenderedText> ChatTemplate::render(std::string_view context_json, const RenderOptions& options) const {
  jinja::Runtime runtime(options.limits, options.now ? *options.now : local_time());
  const auto globals = std::make_shared<jinja::Scope>();
  const Status loaded = jinja::load_context(runtime.budget, context_json, options, globals->variables);
  if (!loaded.ok()) return loaded.with_context("chat template: context");
  HEARTH_ASSIGN_OR_RETURN(const jinja::OriginText text, jinja::Interpreter(runtime).run(tree_->body, globals));
  return segments_of(text);
}

}  // namespace hearth
