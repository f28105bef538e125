#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "emulated_cuda/ptx/instruction.h"
#include "hearth/status.h"

namespace hearth::ptx {

/// `offset`, moved up to the next multiple of `alignment`.
constexpr size_t align_up(size_t offset, size_t alignment) { return (offset + alignment - 1) / alignment * alignment; }

/// What dynamic shared memory, and what a function's own, is aligned to.
inline constexpr size_t kSharedAlignment = 16;

/// A formal parameter: where it lies in the block of bytes that a launch passes.
struct Parameter {
  std::string name;
  size_t offset = 0;
  size_t bytes = 0;
  size_t alignment = 1;
};

/// A variable of the module in global or constant memory. Whoever loads the module gives it memory and copies
/// `initial` there (all of it: what has no initialiser is zero).
struct Global {
  std::string name;
  Space space = Space::kGlobal;
  size_t bytes = 0;
  size_t alignment = 1;
  std::vector<std::byte> initial;
};

/// What a row of a function's registers holds before its first instruction.
struct Constant {
  enum class Kind : uint8_t {
    kValue,          ///< `value`.
    kGlobal,         ///< The address of the module's global number `value`.
    kEntryShared,    ///< Offset `value` in the kernel's own shared variables.
    kModuleShared,   ///< Offset `value` in the shared variables of the module.
    kLocal,          ///< Offset `value` in the function's local variables.
    kDynamicShared,  ///< Where the shared memory begins whose size the launch gives.
    kSpecial,        ///< A special register, `value` being a SpecialRegister.
  };
  uint32_t row = 0;
  Kind kind = Kind::kValue;
  uint64_t value = 0;
};

/// Special registers that stay the same while a block runs.
enum class SpecialRegister : uint8_t {
  kThreadX,
  kThreadY,
  kThreadZ,
  kBlockSizeX,
  kBlockSizeY,
  kBlockSizeZ,
  kBlockX,
  kBlockY,
  kBlockZ,
  kGridSizeX,
  kGridSizeY,
  kGridSizeZ,
  kLane,
  kWarp,
  kWarpCount,
  kMultiprocessor,
  kMultiprocessorCount,
  kGrid,
  kLanesEqual,
  kLanesLess,
  kLanesLessOrEqual,
  kLanesGreater,
  kLanesGreaterOrEqual,
  kDynamicSharedBytes,
  kTotalSharedBytes,
};

/// A kernel (.entry) or a function (.func). Immutable once parsed, and belongs to its module.
class Function {
 public:
  const std::string& name() const { return name_; }
  /// Whether it can be launched.
  bool is_kernel() const { return is_kernel_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }
  size_t parameter_bytes() const { return parameter_bytes_; }
  /// Bytes of shared memory that a block of the kernel needs besides what the launch asks for.
  size_t static_shared_bytes() const { return static_shared_bytes_; }
  size_t local_bytes() const { return local_bytes_; }
  /// The most threads of a block that the kernel declares (.maxntid or .reqntid), 0 where it declares none.
  uint32_t max_threads() const { return max_threads_; }
  /// Where .reqntid is given: the block's size must be exactly this. All 0 otherwise.
  const std::array<uint32_t, 3>& required_block() const { return required_block_; }
  /// How many globals its module has: a launch must give the address of each.
  size_t global_count() const { return global_count_; }
  /// False where it is only declared.
  bool has_body() const { return has_body_; }
  /// Rows of registers of 32 lanes and 64 bits each, its constants among them.
  uint32_t register_count() const { return rows_; }

 private:
  friend class FunctionParser;
  friend class ModuleParser;
  friend class Warp;
  friend class Block;

  std::string name_;
  bool is_kernel_ = false;
  bool has_body_ = false;
  std::vector<Parameter> parameters_;
  std::vector<Parameter> results_;  // Of a .func; offsets follow those of the parameters.
  size_t parameter_bytes_ = 0;
  size_t frame_parameter_bytes_ = 0;  // Parameters, results and those of the calls that it makes.
  size_t static_shared_bytes_ = 0;
  size_t entry_shared_offset_ = 0;  // Where a kernel's own shared variables begin.
  bool uses_module_shared_ = false;
  size_t local_bytes_ = 0;
  uint32_t max_threads_ = 0;
  std::array<uint32_t, 3> required_block_{};
  size_t global_count_ = 0;
  uint32_t rows_ = 0;
  uint32_t predicates_ = 1;
  uint32_t shared_granule_ = 16;  // Bytes of the narrowest access to shared memory.
  std::vector<Constant> constants_;
  std::vector<CallSite> calls_;
  std::vector<std::vector<uint32_t>> branch_tables_;
  std::vector<Instruction> code_;
};

/// A parsed PTX text. Immutable, may be shared by threads.
class Module {
 public:
  const std::vector<std::unique_ptr<Function>>& functions() const { return functions_; }
  const std::vector<Global>& globals() const { return globals_; }
  /// The kernel of that name, or null.
  const Function* kernel(std::string_view name) const;
  /// As in ".version 8.7": 87.
  uint32_t version() const { return version_; }
  /// As in ".target sm_80": "sm_80".
  const std::string& target() const { return target_; }

 private:
  friend class ModuleParser;

  uint32_t version_ = 0;
  std::string target_;
  std::vector<Global> globals_;
  std::vector<std::unique_ptr<Function>> functions_;
};

/// Parses and decodes a whole PTX text, which need not outlive the call. An error of kind kInvalidFile names the line
/// and what is wrong there; an instruction or modifier that is not known is an error here, not when it is run.
Result<std::shared_ptr<const Module>> parse_module(std::string_view text);

}  // namespace hearth::ptx
