#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "hearth/model.h"
#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

/// Runs a decoder's method (see plan_generator()) on `tokens`, which continue the session's sequence. Returns the
/// scores of what follows each of the last `rows` of them: float32 [rows, vocabulary], row-major.
Result<Tensor> decoder_step(Session& session, std::string_view method, std::span<const int64_t> tokens,
                            size_t rows = 1);

}  // namespace hearth
