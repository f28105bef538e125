#pragma once

#include "cli/options.h"
#include "hearth/status.h"

namespace hearth::cli {

/// The sub-commands. Each prints its result to standard output and returns success, or the Status that main() prints
/// and turns into an exit status.
Status run(const RunOptions& options, const CommonOptions& common);
Status classify(const ClassifyOptions& options, const CommonOptions& common);
Status generate(const GenerateCommandOptions& options, const CommonOptions& common);
Status chat(const GenerateCommandOptions& options, const CommonOptions& common);
Status eval(const EvalOptions& options, const CommonOptions& common);
Status embed(const EmbedCommandOptions& options, const CommonOptions& common);
Status inspect(const InspectOptions& options, const CommonOptions& common);
Status verify(const VerifyOptions& options, const CommonOptions& common);
Status bench(const BenchOptions& options, const CommonOptions& common);
Status devices(const CommonOptions& common);

}  // namespace hearth::cli
