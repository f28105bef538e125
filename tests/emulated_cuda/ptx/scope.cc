#include "emulated_cuda/ptx/scope.h"

#include <array>
#include <charconv>

namespace hearth::ptx {
namespace {

Operand register_operand(Type type, uint32_t index) {
  Operand operand;
  operand.kind = type == Type::kPred ? Operand::Kind::kPredicate : Operand::Kind::kRegister;
  operand.type = type;
  operand.index = index;
  return operand;
}

struct NamedSpecial {
  std::string_view name;
  SpecialRegister value;
};

constexpr auto kSpecials = std::to_array<NamedSpecial>({
    {"%tid.x", SpecialRegister::kThreadX},
    {"%tid.y", SpecialRegister::kThreadY},
    {"%tid.z", SpecialRegister::kThreadZ},
    {"%ntid.x", SpecialRegister::kBlockSizeX},
    {"%ntid.y", SpecialRegister::kBlockSizeY},
    {"%ntid.z", SpecialRegister::kBlockSizeZ},
    {"%ctaid.x", SpecialRegister::kBlockX},
    {"%ctaid.y", SpecialRegister::kBlockY},
    {"%ctaid.z", SpecialRegister::kBlockZ},
    {"%nctaid.x", SpecialRegister::kGridSizeX},
    {"%nctaid.y", SpecialRegister::kGridSizeY},
    {"%nctaid.z", SpecialRegister::kGridSizeZ},
    {"%laneid", SpecialRegister::kLane},
    {"%warpid", SpecialRegister::kWarp},
    {"%nwarpid", SpecialRegister::kWarpCount},
    {"%smid", SpecialRegister::kMultiprocessor},
    {"%nsmid", SpecialRegister::kMultiprocessorCount},
    {"%gridid", SpecialRegister::kGrid},
    {"%lanemask_eq", SpecialRegister::kLanesEqual},
    {"%lanemask_lt", SpecialRegister::kLanesLess},
    {"%lanemask_le", SpecialRegister::kLanesLessOrEqual},
    {"%lanemask_gt", SpecialRegister::kLanesGreater},
    {"%lanemask_ge", SpecialRegister::kLanesGreaterOrEqual},
    {"%dynamic_smem_size", SpecialRegister::kDynamicSharedBytes},
    {"%total_smem_size", SpecialRegister::kTotalSharedBytes},
});

constexpr std::array<std::string_view, 5> kClocks = {"%clock", "%clock_hi", "%clock64", "%globaltimer",
                                                     "%globaltimer_lo"};

}  // namespace

bool Scope::declare_register(std::string_view name, Type type, uint32_t index) {
  return names_.emplace(name, register_operand(type, index)).second;
}

bool Scope::declare_registers(std::string_view prefix, Type type, uint32_t first, uint32_t count) {
  return ranges_.emplace(prefix, Range{type, first, count}).second;
}

bool Scope::declare_variable(std::string_view name, const Variable& variable) {
  Operand operand;
  operand.kind = Operand::Kind::kVariable;
  operand.variable = variable;
  operand.name = name;
  return names_.emplace(name, operand).second;
}

std::optional<Operand> Scope::find(std::string_view name) const {
  if (const auto found = names_.find(name); found != names_.end()) return found->second;
  const size_t digits = name.find_last_not_of("0123456789") + 1;
  if (digits == name.size()) return std::nullopt;
  const auto found = ranges_.find(name.substr(0, digits));
  uint32_t index = 0;
  const std::from_chars_result parsed = std::from_chars(name.data() + digits, name.data() + name.size(), index);
  if (found == ranges_.end() || parsed.ec != std::errc() || index >= found->second.count) return std::nullopt;
  return register_operand(found->second.type, found->second.first + index);
}

std::optional<Operand> special_register(std::string_view name) {
  Operand operand;
  for (const NamedSpecial& special : kSpecials) {
    if (special.name != name) continue;
    operand.kind = Operand::Kind::kSpecial;
    operand.index = static_cast<uint32_t>(special.value);
    return operand;
  }
  for (const std::string_view clock : kClocks) {
    if (clock != name) continue;
    operand.kind = Operand::Kind::kClock;
    return operand;
  }
  return std::nullopt;
}

}  // namespace hearth::ptx
