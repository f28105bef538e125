#include "library/method_table.h"

#include <algorithm>

namespace hearth {

MethodTable::Values::Values(const std::vector<ValueInfo>& infos) : values(infos.size()) {
  for (size_t i = 0; i < infos.size(); ++i) {
    const ValueInfo& from = infos[i];
    Value& to = values[i];
    for (const std::string& symbol : from.symbols) to.symbols.push_back(symbol.c_str());
    to.info = {from.name.c_str(), static_cast<hearth_dtype>(from.dtype), from.shape.size(), from.shape.data(),
               to.symbols.data()};
    pointers.push_back(&to.info);
  }
}

MethodTable::Method::Method(const MethodInfo& method)
    : inputs(method.inputs), outputs(method.outputs), info{method.name.c_str(),     method.target.c_str(),
                                                           inputs.pointers.size(),  inputs.pointers.data(),
                                                           outputs.pointers.size(), outputs.pointers.data()} {}

MethodTable::MethodTable(const std::vector<MethodInfo>& methods) {
  for (const MethodInfo& method : methods) methods_.push_back(std::make_unique<Method>(method));
}

const hearth_method_info* MethodTable::at(size_t index) const {
  return index < methods_.size() ? &methods_[index]->info : nullptr;
}

const hearth_method_info* MethodTable::find(std::string_view name) const {
  const auto found = std::ranges::find_if(methods_, [&](const auto& method) { return method->info.name == name; });
  return found == methods_.end() ? nullptr : &(*found)->info;
}

}  // namespace hearth
