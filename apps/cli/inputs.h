#pragma once

#include <map>
#include <string>
#include <vector>

#include "hearth/model.h"
#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth::cli {

/// Reads the `--input` arguments of a method, in its order. kInvalidArgument names the argument and lists the inputs
/// there are.
Result<std::vector<Tensor>> read_inputs(const Model& model, const MethodInfo& method,
                                        const std::vector<std::string>& arguments);

/// The method of that name; for an empty one the only method, or "forward". kInvalidArgument lists the methods there
/// are.
Result<const MethodInfo*> find_method(const Model& model, const std::string& name);

/// Inputs to measure with: seeded random numbers, small positive ones for integers. Symbols have the sizes given, or
/// else their least.
Result<std::vector<Tensor>> random_inputs(const Model& model, const MethodInfo& method,
                                          const std::map<std::string, int64_t>& sizes);

/// What a file of text holds. Errors: see MappedFile::open().
Result<std::string> read_text(const std::string& path);

}  // namespace hearth::cli
