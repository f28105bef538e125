#pragma once

#include "cli/options.h"
#include "hearth/status.h"

namespace hearth::cli {

/// Whether a model's rates of reading and generating are what `hearth bench` measures: those of a language model whose
/// method was not named.
bool measures_language(const Model& model, const BenchOptions& options);

/// Measures how many tokens a second a language model reads (prompts of several lengths) and generates (after them).
/// `load` in milliseconds.
Status bench_language(const Model& model, const BenchOptions& options, const CommonOptions& common, double load);

}  // namespace hearth::cli
