#include "text/chat_template/chat_template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // A template, and after a null byte its context.
  const size_t end = std::min(bytes.find('\0'), size);
  const hearth::Result<hearth::ChatTemplate> parsed = hearth::ChatTemplate::parse(bytes.substr(0, end));
  if (!parsed.ok()) return 0;
  hearth::RenderOptions options;
  options.now = std::tm{};
  options.limits.steps = 20'000;
  options.limits.value_bytes = 1 << 20;
  const std::string_view context =
      end < size ? bytes.substr(end + 1) : R"({"messages": [{"role": "user", "content": "é"}]})";
  (void)parsed->render(context, options);
  return 0;
}
