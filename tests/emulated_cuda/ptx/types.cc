#include "emulated_cuda/ptx/types.h"

#include <array>

namespace hearth::ptx {
namespace {

enum class Kind : uint8_t { kPredicate, kUnsigned, kSigned, kFloating };

struct TypeFacts {
  std::string_view name;
  size_t bytes;
  Kind kind;
};

// In the order of the enumeration.
constexpr auto kTypes = std::to_array<TypeFacts>({
    {"pred", 0, Kind::kPredicate}, {"b8", 1, Kind::kUnsigned},   {"b16", 2, Kind::kUnsigned},
    {"b32", 4, Kind::kUnsigned},   {"b64", 8, Kind::kUnsigned},  {"b128", 16, Kind::kUnsigned},
    {"u8", 1, Kind::kUnsigned},    {"u16", 2, Kind::kUnsigned},  {"u32", 4, Kind::kUnsigned},
    {"u64", 8, Kind::kUnsigned},   {"s8", 1, Kind::kSigned},     {"s16", 2, Kind::kSigned},
    {"s32", 4, Kind::kSigned},     {"s64", 8, Kind::kSigned},    {"f16", 2, Kind::kFloating},
    {"f16x2", 4, Kind::kFloating}, {"bf16", 2, Kind::kFloating}, {"bf16x2", 4, Kind::kFloating},
    {"tf32", 4, Kind::kFloating},  {"f32", 4, Kind::kFloating},  {"f32x2", 8, Kind::kFloating},
    {"f64", 8, Kind::kFloating},
});
static_assert(kTypes.size() == static_cast<size_t>(Type::kF64) + 1);

// In the order of the enumeration.
constexpr std::array<std::string_view, 6> kSpaces = {"generic", "global", "shared", "local", "const", "param"};

const TypeFacts& facts(Type type) { return kTypes[static_cast<size_t>(type)]; }

}  // namespace

std::optional<Type> type_named(std::string_view name) {
  for (size_t i = 0; i < kTypes.size(); ++i) {
    if (kTypes[i].name == name) return static_cast<Type>(i);
  }
  return std::nullopt;
}

std::string_view type_name(Type type) { return facts(type).name; }
size_t type_bytes(Type type) { return facts(type).bytes; }
bool is_signed(Type type) { return facts(type).kind == Kind::kSigned; }
bool is_floating(Type type) { return facts(type).kind == Kind::kFloating; }
bool is_integer(Type type) { return facts(type).kind == Kind::kSigned || facts(type).kind == Kind::kUnsigned; }

std::optional<Space> space_named(std::string_view name) {
  // "shared::cta" is the block's own shared memory; there are no clusters of several blocks.
  if (name == "shared::cta") return Space::kShared;
  if (name == "param::entry" || name == "param::func") return Space::kParameter;
  for (size_t i = 1; i < kSpaces.size(); ++i) {
    if (kSpaces[i] == name) return static_cast<Space>(i);
  }
  return std::nullopt;
}

std::string_view space_name(Space space) { return kSpaces[static_cast<size_t>(space)]; }

}  // namespace hearth::ptx
