#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hearth::ptx {

/// The types of registers, operands and variables.
enum class Type : uint8_t {
  kPred,
  kB8,
  kB16,
  kB32,
  kB64,
  kB128,
  kU8,
  kU16,
  kU32,
  kU64,
  kS8,
  kS16,
  kS32,
  kS64,
  kF16,
  kF16x2,
  kBf16,
  kBf16x2,
  kTf32,
  kF32,
  kF32x2,
  kF64,
};

/// The type of that name, without its dot: "u32".
std::optional<Type> type_named(std::string_view name);
std::string_view type_name(Type type);
/// Bytes of one value; a predicate has none that could be stored and gives 0.
size_t type_bytes(Type type);
bool is_signed(Type type);
/// Any type of floating point, packed ones included.
bool is_floating(Type type);
/// Bits without a meaning, or an integer.
bool is_integer(Type type);

/// Where an address points to. A generic address is one of 64 bits that says itself which of the others it means.
enum class Space : uint8_t { kGeneric, kGlobal, kShared, kLocal, kConstant, kParameter };

std::optional<Space> space_named(std::string_view name);
std::string_view space_name(Space space);

/// Windows of shared, local and parameter memory among the generic addresses, which otherwise are addresses of this
/// process. Bits that no address of a process has set tell them apart.
inline constexpr uint64_t kWindowBits = 0x0F00'0000'0000'0000;
inline constexpr uint64_t kSharedWindow = 0x0100'0000'0000'0000;
inline constexpr uint64_t kLocalWindow = 0x0200'0000'0000'0000;
inline constexpr uint64_t kParameterWindow = 0x0300'0000'0000'0000;

}  // namespace hearth::ptx
