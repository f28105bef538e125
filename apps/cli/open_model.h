#pragma once

#include <string>

#include "cli/options.h"
#include "hearth/model.h"
#include "hearth/status.h"

namespace hearth::cli {

/// Opens a model for the device that the command line asks for. Where that was left to Hearth and the file has code for
/// GPUs, standard error says which it is and why. `adapter`: a file, or empty. Errors: see Model::open().
Result<Model> open_model(const std::string& file, const CommonOptions& common, const std::string& adapter = {});

}  // namespace hearth::cli
