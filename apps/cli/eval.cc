#include <chrono>
#include <cmath>
#include <numbers>

#include "base/errors.h"
#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/open_model.h"
#include "cli/output.h"
#include "hearth/generate.h"
#include "hearth/perplexity.h"

namespace hearth::cli {

Status eval(const EvalOptions& options, const CommonOptions& common) {
  using Clock = std::chrono::steady_clock;
  HEARTH_RETURN_IF_ERROR(check_trust(common.trust, options.file));
  HEARTH_ASSIGN_OR_RETURN(const std::string text, read_text(options.text));
  HEARTH_ASSIGN_OR_RETURN(const Model model, open_model(options.file, common));
  HEARTH_ASSIGN_OR_RETURN(const TextGenerator generator, TextGenerator::create(model));
  HEARTH_ASSIGN_OR_RETURN(const std::vector<int64_t> tokens, generator.tokenize(text));
  const Clock::time_point start = Clock::now();
  const auto progress = [&](int64_t scored, int64_t total) {
    show_progress(fmt::format("token {} of {}", scored, total), common.quiet);
  };
  const Result<Perplexity> measured = perplexity(model, tokens, {options.context, options.stride}, progress);
  show_progress("", common.quiet);
  if (!measured.ok()) return measured.status().with_context(options.text);
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const auto& [value, standard_error, scored] = *measured;
  const double bits_per_byte =
      std::log2(value) * static_cast<double>(scored) / static_cast<double>(std::max<size_t>(text.size(), 1));
  if (common.json) {
    print_json({{"perplexity", value},
                {"standard_error", standard_error},
                {"bits_per_byte", bits_per_byte},
                {"tokens", scored},
                {"seconds", seconds}});
    return {};
  }
  print_columns({{"perplexity", fmt::format("{:.4f} ± {:.4f}", value, standard_error)},
                 {"bits per byte", fmt::format("{:.4f}", bits_per_byte)},
                 {"tokens", fmt::format("{} in {:.1f} s", scored, seconds)}});
  return {};
}

}  // namespace hearth::cli
