#include "cli/inputs.h"

#include <algorithm>
#include <charconv>
#include <random>

#include "archive/npz.h"
#include "base/errors.h"
#include "base/mapped_file.h"
#include "model/model_impl.h"
#include "tensor/copy.h"
#include "tensor/npy.h"

namespace hearth::cli {
namespace {

std::string list_inputs(const MethodInfo& method) {
  std::vector<std::string_view> names;
  for (const ValueInfo& input : method.inputs) names.push_back(input.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

template <typename T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// Where an argument's name or index points; a stock package's inputs have indices only.
Result<size_t> find_input(const MethodInfo& method, const std::string& name, size_t count) {
  for (size_t i = 0; i < method.inputs.size(); ++i) {
    if (method.inputs[i].name == name) return i;
  }
  if (const auto index = parse_number<size_t>(name); index && *index < count) return *index;
  return invalid_argument("method '{}' has no input '{}'; it has {}", method.name, name, list_inputs(method));
}

Result<Tensor> scalar_tensor(double value, DType dtype) {
  HEARTH_ASSIGN_OR_RETURN(const Tensor source, Tensor::borrow(DType::kFloat64, {}, &value));
  HEARTH_ASSIGN_OR_RETURN(Tensor tensor, Tensor::empty(dtype, {}));
  HEARTH_RETURN_IF_ERROR(copy_strided(tensor, source));
  return tensor;
}

/// A file, or a number where `input` is a scalar.
Result<Tensor> read_value(const ValueInfo* input, const std::string& text) {
  if (input != nullptr && input->shape.empty()) {
    if (const auto number = parse_number<double>(text)) return scalar_tensor(*number, input->dtype);
  }
  return read_npy(std::filesystem::path(text));
}

/// An input as it was given: by name or number.
struct Given {
  std::string name;
  std::string argument;
  Tensor tensor;
};

/// "NAME=FILE.npy", "NAME=NUMBER", "FILE.npy" for the first input, "FILE.npz" for all that it holds.
Result<std::vector<Given>> read_arguments(const MethodInfo& method, bool described,
                                          const std::vector<std::string>& arguments) {
  std::vector<Given> given;
  for (const std::string& argument : arguments) {
    const size_t equals = argument.find('=');
    const bool is_named = equals != std::string::npos;
    if (!is_named && argument.ends_with(".npz")) {
      HEARTH_ASSIGN_OR_RETURN(std::vector<NamedTensor> tensors, read_npz(std::filesystem::path(argument)));
      for (NamedTensor& entry : tensors) given.push_back({entry.name, argument, std::move(entry.tensor)});
      continue;
    }
    if (!is_named && described && method.inputs.size() != 1) {
      return invalid_argument("--input {}: which input is it? Write NAME={}; the method has {}", argument, argument,
                              list_inputs(method));
    }
    const std::string name = is_named ? argument.substr(0, equals) : "0";
    const ValueInfo* input = nullptr;
    if (described) {
      HEARTH_ASSIGN_OR_RETURN(const size_t index, find_input(method, name, method.inputs.size()));
      input = &method.inputs[index];
    }
    Result<Tensor> tensor = read_value(input, is_named ? argument.substr(equals + 1) : argument);
    if (!tensor.ok()) return tensor.status().with_context("--input " + name);
    given.push_back({name, argument, *std::move(tensor)});
  }
  return given;
}

}  // namespace

Result<const MethodInfo*> find_method(const Model& model, const std::string& name) {
  const std::vector<MethodInfo>& methods = model.methods();
  if (name.empty() && methods.size() == 1) return &methods.front();
  const MethodInfo* method = model.method(name.empty() ? "forward" : name);
  if (method != nullptr) return method;
  std::vector<std::string_view> names;
  for (const MethodInfo& info : methods) names.push_back(info.name);
  if (name.empty()) return invalid_argument("the model has several methods, name one: {}", fmt::join(names, ", "));
  return invalid_argument("the model has no method '{}'; it has {}", name, fmt::join(names, ", "));
}

Result<std::vector<Tensor>> read_inputs(const Model& model, const MethodInfo& method,
                                        const std::vector<std::string>& arguments) {
  const bool described = model.impl()->archive().has_manifest();
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Given> given, read_arguments(method, described, arguments));
  const size_t count = described ? method.inputs.size() : given.size();
  std::vector<Tensor> inputs(count);
  for (const Given& one : given) {
    HEARTH_ASSIGN_OR_RETURN(const size_t index, find_input(method, one.name, count));
    if (inputs[index].defined()) return invalid_argument("--input {}: the input was given twice", one.argument);
    inputs[index] = one.tensor;
  }
  for (size_t i = 0; i < count; ++i) {
    if (inputs[i].defined()) continue;
    const std::string name = described ? method.inputs[i].name : std::to_string(i);
    return invalid_argument("input '{}' is missing: add --input {}=FILE.npy", name, name);
  }
  return inputs;
}

Result<std::vector<Tensor>> random_inputs(const Model& model, const MethodInfo& method,
                                          const std::map<std::string, int64_t>& sizes) {
  const MethodSpec& spec = model.impl()->archive().manifest().methods.at(method.name);
  for (const auto& [symbol, unused] : sizes) {
    if (!spec.symbols.contains(symbol)) return invalid_argument("--dim {}: the method has no such symbol", symbol);
  }
  std::mt19937 random(0);
  std::vector<Tensor> inputs;
  for (const InputSpec& input : spec.inputs) {
    std::vector<int64_t> shape;
    for (const Dimension& dimension : input.shape) {
      const auto given = sizes.find(dimension.symbol);
      const int64_t value = dimension.symbol.empty() ? 0
                            : given != sizes.end()   ? given->second
                                                     : spec.symbols.at(dimension.symbol).min;
      shape.push_back(dimension.multiply * value + dimension.add);
    }
    const bool real = input.dtype == DType::kFloat32 || input.dtype == DType::kFloat64 ||
                      input.dtype == DType::kFloat16 || input.dtype == DType::kBFloat16;
    HEARTH_ASSIGN_OR_RETURN(const Tensor source, Tensor::empty(DType::kFloat32, shape));
    std::normal_distribution<float> normal;
    std::uniform_int_distribution<int> small(0, 1);
    for (int64_t i = 0; i < source.element_count(); ++i)
      source.data_as<float>()[i] = real ? normal(random) : static_cast<float>(small(random));
    HEARTH_ASSIGN_OR_RETURN(Tensor tensor, Tensor::empty(input.dtype, shape));
    HEARTH_RETURN_IF_ERROR(copy_strided(tensor, source));
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

Result<std::string> read_text(const std::string& path) {
  HEARTH_ASSIGN_OR_RETURN(const std::shared_ptr<const MappedFile> file, MappedFile::open(path));
  const std::span<const std::byte> bytes = file->bytes();
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace hearth::cli
