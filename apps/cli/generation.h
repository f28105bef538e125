#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "cli/options.h"
#include "hearth/generate.h"

namespace hearth::cli {

/// What the library is to generate. kInvalidArgument for a --logit-bias that is none.
Result<GenerateOptions> generation_options(const GenerateCommandOptions& options);

/// Opens the model and makes a generator as the options say: with an adapter, of what kind its cache is, and going on
/// from the session's file if there is one, whose text it puts into `text`.
Result<TextGenerator> open_generator(const GenerateCommandOptions& options, const CommonOptions& common,
                                     std::string& text);

/// Tokens after the first, by the time they took; 0 where there are none.
double tokens_per_second(const Generation& generation);

nlohmann::ordered_json generation_json(const Generation& generation, size_t prompt_tokens);

/// Prints at once. False when nobody reads standard output any more.
bool print_text(std::string_view text);

}  // namespace hearth::cli
