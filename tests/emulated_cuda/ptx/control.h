#pragma once

#include "emulated_cuda/ptx/instruction.h"

namespace hearth::ptx {

/// A branch whose target is still to be filled in.
Instruction make_branch(uint32_t line, uint32_t guard);
/// A branch to one of a table's targets, the one whose number is in the row `index`; the table's number among those of
/// the function is still to be filled in.
Instruction make_indexed_branch(uint32_t line, uint32_t guard, uint32_t index);
/// A call of the function's call site number `call`.
Instruction make_call(uint32_t line, uint32_t guard, uint32_t call);
/// What stands at the end of every function.
Instruction make_return(uint32_t line);

}  // namespace hearth::ptx
