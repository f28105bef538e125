#include "aoti/fallback_nodes.h"

#include <simdjson.h>

#include <algorithm>
#include <array>

#include "archive/json_field.h"

namespace hearth {
namespace {

constexpr std::string_view kRoot = "fallback nodes";

/// PyTorch's serialised dtypes count in an order of their own (ScalarType of torch/_export/serde/schema.py).
Result<DType> serialized_dtype(const JsonField& field) {
  constexpr int64_t kUInt16 = 28;
  constexpr std::array kTypes = {DType::kUInt8, DType::kInt8,    DType::kInt16,   DType::kInt32,
                                 DType::kInt64, DType::kFloat16, DType::kFloat32, DType::kFloat64};
  constexpr std::array kMore = {DType::kComplex64, DType::kComplex128, DType::kBool, DType::kBFloat16};
  constexpr int64_t kFirstOfMore = 10;
  HEARTH_ASSIGN_OR_RETURN(const int64_t number, field.integer());
  if (number >= 1 && number <= std::ssize(kTypes)) return kTypes[static_cast<size_t>(number - 1)];
  const int64_t more = number - kFirstOfMore;
  if (more >= 0 && more < std::ssize(kMore)) return kMore[static_cast<size_t>(more)];
  if (number == kUInt16) return DType::kUInt16;
  return field.error("{} is not a dtype that Hearth knows", number);
}

template <typename T, typename Read>
Result<std::vector<T>> read_list(const JsonField& field, Read read) {
  HEARTH_ASSIGN_OR_RETURN(const std::vector<JsonField> elements, field.array());
  std::vector<T> list;
  for (const JsonField& element : elements) {
    HEARTH_ASSIGN_OR_RETURN(T value, read(element));
    list.push_back(std::move(value));
  }
  return list;
}

/// Integers always come with the call, whether they are constants or not.
Result<FallbackArgument> read_argument(std::string_view kind, const JsonField& value) {
  using Source = FallbackArgument::Source;
  FallbackArgument argument;
  if (kind == "as_none") return argument;
  if (kind == "as_tensor") {
    argument.source = Source::kTensor;
  } else if (kind == "as_int" || kind == "as_sym_int") {
    argument.source = Source::kInteger;
  } else if (kind == "as_ints" || kind == "as_sym_ints") {
    HEARTH_ASSIGN_OR_RETURN(const std::vector<JsonField> elements, value.array());
    argument.source = Source::kIntegers;
    argument.count = elements.size();
  } else if (kind == "as_tensors") {
    HEARTH_ASSIGN_OR_RETURN(const std::vector<JsonField> elements, value.array());
    argument.source = Source::kTensors;
    argument.present.assign(elements.size(), true);
  } else if (kind == "as_optional_tensors") {
    argument.source = Source::kTensors;
    HEARTH_ASSIGN_OR_RETURN(argument.present, read_list<bool>(value, [](const JsonField& element) -> Result<bool> {
                              HEARTH_ASSIGN_OR_RETURN(const std::optional<JsonField> tensor, element.find("as_tensor"));
                              return tensor.has_value();
                            }));
  } else if (kind == "as_bool") {
    HEARTH_ASSIGN_OR_RETURN(argument.constant, value.boolean());
  } else if (kind == "as_float") {
    HEARTH_ASSIGN_OR_RETURN(argument.constant, value.number());
  } else if (kind == "as_floats") {
    HEARTH_ASSIGN_OR_RETURN(argument.constant,
                            read_list<double>(value, [](const JsonField& element) { return element.number(); }));
  } else if (kind == "as_string") {
    HEARTH_ASSIGN_OR_RETURN(const std::string_view text, value.string());
    argument.constant = std::string(text);
  } else if (kind == "as_scalar_type") {
    HEARTH_ASSIGN_OR_RETURN(argument.constant, serialized_dtype(value));
  } else if (kind != "as_device" && kind != "as_layout" && kind != "as_memory_format") {
    return value.error("an argument of this kind is not known");
  }
  return argument;
}

/// The only member of an object: its key says what kind of argument it is.
Result<std::pair<std::string_view, JsonField>> only_member(const JsonField& field) {
  HEARTH_ASSIGN_OR_RETURN(auto members, field.members());
  if (members.size() != 1) return field.error("one member is needed, there are {}", members.size());
  return std::move(members.front());
}

void count(const FallbackArgument& argument, FallbackNode& node) {
  using Source = FallbackArgument::Source;
  if (argument.source == Source::kInteger) ++node.integer_count;
  if (argument.source == Source::kIntegers) node.integer_count += argument.count;
  if (argument.source == Source::kTensor) ++node.tensor_count;
  if (argument.source == Source::kTensors) {
    node.tensor_count += static_cast<size_t>(std::ranges::count(argument.present, true));
  }
}

Result<FallbackNode> read_node(const JsonField& entry) {
  FallbackNode node;
  HEARTH_ASSIGN_OR_RETURN(const JsonField field, entry.member("node"));
  HEARTH_ASSIGN_OR_RETURN(const JsonField target, field.member("target"));
  HEARTH_ASSIGN_OR_RETURN(const std::string_view name, target.string());
  node.name = name;
  node.op = find_fallback_operator(name);
  if (node.op == nullptr) {
    return unavailable(
        "the model calls the operator {}, which Hearth has no kernel for: export it with python -m hearth.export, "
        "which names the place in the model",
        name);
  }
  HEARTH_ASSIGN_OR_RETURN(const JsonField inputs, field.member("inputs"));
  HEARTH_ASSIGN_OR_RETURN(node.arguments,
                          read_list<FallbackArgument>(inputs, [](const JsonField& input) -> Result<FallbackArgument> {
                            HEARTH_ASSIGN_OR_RETURN(const JsonField argument, input.member("arg"));
                            HEARTH_ASSIGN_OR_RETURN(const auto value, only_member(argument));
                            return read_argument(value.first, value.second);
                          }));
  if (node.arguments.size() > node.op->argument_count) {
    return inputs.error("{} takes {} arguments, there are {}", name, node.op->argument_count, node.arguments.size());
  }
  for (const FallbackArgument& argument : node.arguments) count(argument, node);
  HEARTH_ASSIGN_OR_RETURN(const JsonField outputs, field.member("outputs"));
  HEARTH_ASSIGN_OR_RETURN(node.outputs, read_list<bool>(outputs, [](const JsonField& output) -> Result<bool> {
                            HEARTH_ASSIGN_OR_RETURN(const auto value, only_member(output));
                            if (value.first == "as_tensor") return true;
                            if (value.first == "as_none") return false;
                            return output.error("results are tensors, this one is {}", value.first);
                          }));
  node.tensor_count += static_cast<size_t>(std::ranges::count(node.outputs, true));
  return node;
}

/// Takes the values of arguments from a call, one after another.
class ValueReader {
 public:
  ValueReader(std::span<const int64_t> integers, std::span<Tensor* const> tensors)
      : integers_(integers), tensors_(tensors) {}

  FallbackValue next(const FallbackArgument& argument) {
    using Source = FallbackArgument::Source;
    switch (argument.source) {
      case Source::kTensor:
        return next_tensor();
      case Source::kTensors: {
        std::vector<Tensor> list;
        for (const bool present : argument.present) list.push_back(present ? next_tensor() : Tensor());
        return list;
      }
      case Source::kInteger:
        return next_integers(1).front();
      case Source::kIntegers: {
        const auto list = next_integers(argument.count);
        return std::vector(list.begin(), list.end());
      }
      case Source::kConstant:
        break;
    }
    return argument.constant;
  }

  std::span<Tensor* const> rest() const { return tensors_; }

 private:
  Tensor next_tensor() {
    const Tensor tensor = *tensors_.front();
    tensors_ = tensors_.subspan(1);
    return tensor;
  }
  std::span<const int64_t> next_integers(size_t count) {
    const auto taken = integers_.first(count);
    integers_ = integers_.subspan(count);
    return taken;
  }

  std::span<const int64_t> integers_;
  std::span<Tensor* const> tensors_;
};

}  // namespace

Result<std::vector<FallbackNode>> parse_fallback_nodes(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const simdjson::padded_string padded(json);
  if (parser.parse(padded).get(root) != simdjson::SUCCESS) return invalid_file("{}: they are not JSON", kRoot);
  const JsonField document(root, std::string(kRoot));
  HEARTH_ASSIGN_OR_RETURN(const JsonField nodes, document.member("nodes"));
  return read_list<FallbackNode>(nodes, read_node);
}

Status call_fallback_node(const KernelContext& context, const FallbackNode& node, std::span<const int64_t> integers,
                          std::span<Tensor* const> tensors) {
  // Integers of arguments that the node leaves out, because they have their default value, are passed all the same.
  const bool complete = node.arguments.size() == node.op->argument_count;
  if (integers.size() < node.integer_count || (complete && integers.size() > node.integer_count) ||
      tensors.size() != node.tensor_count) {
    return invalid_argument("{}: {} integers and {} tensors were given, it needs {} and {}", node.name, integers.size(),
                            tensors.size(), node.integer_count, node.tensor_count);
  }
  ValueReader reader(integers, tensors);
  std::vector<FallbackValue> values;
  for (const FallbackArgument& argument : node.arguments) values.push_back(reader.next(argument));
  Result<std::vector<Tensor>> results = node.op->call(context, values);
  if (!results.ok()) return results.status().with_context(node.name);
  if (results->size() != node.outputs.size()) {
    return invalid_argument("{}: it gives {} results, the call takes {}", node.name, results->size(),
                            node.outputs.size());
  }
  size_t next = 0;
  for (size_t i = 0; i < results->size(); ++i) {
    if (node.outputs[i]) *reader.rest()[next++] = (*results)[i];
  }
  return {};
}

}  // namespace hearth
