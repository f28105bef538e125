#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

/// What the text in front of a .npy file's data says.
struct NpyHeader {
  DType dtype = DType::kFloat32;
  bool fortran_order = false;
  std::vector<int64_t> shape;
};

/// Parses the header's Python dictionary literal: exactly the keys 'descr', 'fortran_order' and 'shape', in any order.
/// kInvalidFile otherwise.
Result<NpyHeader> parse_npy_header(std::string_view text);

/// The dictionary literal for a C-ordered array, as NumPy spells it. kInvalidArgument for a dtype without a spelling.
Result<std::string> format_npy_header(DType dtype, std::span<const int64_t> shape);

}  // namespace hearth
