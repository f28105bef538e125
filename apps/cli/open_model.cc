#include "cli/open_model.h"

#include <fmt/format.h>

#include <cstdio>

#include "base/errors.h"

namespace hearth::cli {

Result<Model> open_model(const std::string& file, const CommonOptions& common, const std::string& adapter) {
  const ModelOptions options{
      .device = common.device, .target = common.target, .threads = common.threads, .adapter = adapter};
  HEARTH_ASSIGN_OR_RETURN(Model model, Model::open(file, options));
  if (!common.quiet && !model.device_choice().empty()) {
    fmt::print(stderr, "hearth: runs on {}: {}\n", model.device(), model.device_choice());
  }
  return model;
}

}  // namespace hearth::cli
