#pragma once

#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hearth/status.h"
#include "text/chat_template/limits.h"

namespace hearth {

/// A piece of a rendered conversation.
struct RenderedSegment {
  std::string text;
  /// Whether the template wrote it. Special tokens may be read from such text only: what is not trusted was written by
  /// people and models, whatever filters it went through.
  bool trusted = false;

  bool operator==(const RenderedSegment&) const = default;
};

/// Segments in order; neighbours differ in their trust, none is empty.
struct RenderedText {
  std::vector<RenderedSegment> segments;

  /// All of it, as Python renders it.
  std::string text() const;
};

struct RenderOptions {
  /// Variables of the context whose text may hold special tokens.
  std::vector<std::string> trusted_variables = {"bos_token", "eos_token", "pad_token", "unk_token",
                                                "sep_token", "cls_token", "mask_token"};
  /// `role` of a message is trusted when it is exactly one of these: templates build special tokens from roles.
  std::vector<std::string> trusted_roles = {"system", "user", "assistant", "tool"};
  /// What strftime_now tells; the computer's local time when there is none.
  std::optional<std::tm> now;
  TemplateLimits limits;
};

/// A model's chat template, the Jinja text of `tokenizer_config.json`, as transformers runs it: trim_blocks and
/// lstrip_blocks, an immutable sandbox, break and continue, the tag `generation`, raise_exception, strftime_now and
/// transformers' tojson. Left out: inheritance, imports, recursive loops, integers beyond 64 bits, a few rare filters.
/// Immutable: threads may render with the same template at the same time.
class ChatTemplate {
 public:
  /// kInvalidFile says line, column and what is wrong.
  static Result<ChatTemplate> parse(std::string_view source, const TemplateLimits& limits = {});

  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  /// Renders with the variables of a JSON object: `messages`, `tools`, `documents`, `add_generation_prompt`,
  /// `bos_token` and any others; `tools` and `documents` are none and `add_generation_prompt` false unless given.
  /// kInvalidArgument for JSON that is none, for what the template complains of (its own message is in the status's),
  /// and for limits, which it names.
  Result<RenderedText> render(std::string_view context_json, const RenderOptions& options = {}) const;

 private:
  struct Tree;
  explicit ChatTemplate(std::unique_ptr<const Tree> tree);

  std::unique_ptr<const Tree> tree_;
};

}  // namespace hearth
