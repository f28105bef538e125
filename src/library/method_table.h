#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hearth/hearth.h"
#include "hearth/model.h"

namespace hearth {

/// A model's methods in the C face's structs. Points into the MethodInfos it was made from, which must outlive it;
/// stays where it is.
class MethodTable {
 public:
  explicit MethodTable(const std::vector<MethodInfo>& methods);
  MethodTable(const MethodTable&) = delete;
  MethodTable& operator=(const MethodTable&) = delete;

  size_t size() const { return methods_.size(); }
  /// Null when there is none.
  const hearth_method_info* at(size_t index) const;
  const hearth_method_info* find(std::string_view name) const;

 private:
  struct Value {
    std::vector<const char*> symbols;
    hearth_value_info info{};
  };
  struct Values {
    explicit Values(const std::vector<ValueInfo>& infos);
    std::vector<Value> values;
    std::vector<const hearth_value_info*> pointers;
  };
  struct Method {
    explicit Method(const MethodInfo& method);
    Values inputs;
    Values outputs;
    hearth_method_info info;
  };

  std::vector<std::unique_ptr<Method>> methods_;
};

}  // namespace hearth
