#include "archive/manifest_fields.h"

#include <algorithm>
#include <charconv>

#include "tensor/layout.h"

namespace hearth {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_target_name(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c); };
  return !name.empty() && name.size() <= 64 && plain(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return plain(c) || c == '_' || c == '.' || c == '-'; });
}

Result<DType> parse_dtype_field(const JsonField& field) {
  HEARTH_ASSIGN_OR_RETURN(const std::string_view name, field.string());
  const Result<DType> dtype = parse_dtype(name);
  if (!dtype.ok()) return field.error("{}", dtype.status().message());
  return *dtype;
}

Result<std::vector<int64_t>> parse_sizes(const JsonField& field) {
  HEARTH_ASSIGN_OR_RETURN(std::vector<int64_t> sizes,
                          parse_array<int64_t>(field, [](const JsonField& size) { return size.integer(0); }));
  if (sizes.size() > kMaxRank) return field.error("{} dimensions, the most is {}", sizes.size(), kMaxRank);
  return sizes;
}

Result<std::string> parse_hex(const JsonField& field, size_t digits) {
  HEARTH_ASSIGN_OR_RETURN(const std::string_view text, field.string());
  const bool good =
      text.size() == digits && std::ranges::all_of(text, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
  if (!good) return field.error("{} lower-case hex digits are needed", digits);
  return std::string(text);
}

/// Takes a number off the front of `text`.
bool take_number(std::string_view& text, int64_t& value) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

bool parse_expression(std::string_view text, Dimension& dimension) {
  dimension.multiply = 1;
  if (!text.empty() && is_digit(text.front())) {
    if (!take_number(text, dimension.multiply) || dimension.multiply < 1 || !text.starts_with('*')) return false;
    text.remove_prefix(1);
  }
  const size_t end = std::min(text.find_first_of("+-"), text.size());
  dimension.symbol = text.substr(0, end);
  text.remove_prefix(end);
  if (!is_identifier(dimension.symbol)) return false;
  if (text.empty()) return true;
  if (text.front() == '+') {
    text.remove_prefix(1);
    if (text.empty() || !is_digit(text.front())) return false;
  }
  return take_number(text, dimension.add) && text.empty();
}

Result<std::vector<Dimension>> parse_shape(const JsonField& field, bool may_be_unknown) {
  HEARTH_ASSIGN_OR_RETURN(std::vector<Dimension> shape, parse_array<Dimension>(field, [&](const JsonField& size) {
                            return parse_dimension(size, may_be_unknown);
                          }));
  if (shape.size() > kMaxRank) return field.error("{} dimensions, the most is {}", shape.size(), kMaxRank);
  return shape;
}

Result<std::vector<int>> parse_dim_order(const JsonField& field, size_t rank) {
  HEARTH_ASSIGN_OR_RETURN(const std::vector<int64_t> order, parse_sizes(field));
  std::vector<int64_t> sorted = order;
  std::ranges::sort(sorted);
  bool permutation = order.size() == rank;
  for (size_t i = 0; i < sorted.size(); ++i) permutation = permutation && sorted[i] == static_cast<int64_t>(i);
  if (!permutation) return field.error("a permutation of the {} dimensions is needed", rank);
  return std::vector<int>(order.begin(), order.end());
}

Result<InputSpec> parse_input(const JsonField& field) {
  InputSpec input;
  HEARTH_ASSIGN_OR_RETURN(input.name, string_member(field, "name"));
  HEARTH_ASSIGN_OR_RETURN(const JsonField dtype, field.member("dtype"));
  HEARTH_ASSIGN_OR_RETURN(input.dtype, parse_dtype_field(dtype));
  HEARTH_ASSIGN_OR_RETURN(const JsonField shape, field.member("shape"));
  HEARTH_ASSIGN_OR_RETURN(input.shape, parse_shape(shape, /*may_be_unknown=*/false));
  HEARTH_ASSIGN_OR_RETURN(const JsonField order, field.member("dim_order"));
  HEARTH_ASSIGN_OR_RETURN(input.dim_order, parse_dim_order(order, input.shape.size()));
  return input;
}

Result<OutputSpec> parse_output(const JsonField& field) {
  OutputSpec output;
  HEARTH_ASSIGN_OR_RETURN(output.name, string_member(field, "name"));
  HEARTH_ASSIGN_OR_RETURN(const JsonField dtype, field.member("dtype"));
  HEARTH_ASSIGN_OR_RETURN(output.dtype, parse_dtype_field(dtype));
  HEARTH_ASSIGN_OR_RETURN(const JsonField shape, field.member("shape"));
  HEARTH_ASSIGN_OR_RETURN(output.shape, parse_shape(shape, /*may_be_unknown=*/true));
  return output;
}

Result<SymbolRange> parse_symbol(const JsonField& field) {
  SymbolRange range;
  HEARTH_ASSIGN_OR_RETURN(const JsonField least, field.member("min"));
  HEARTH_ASSIGN_OR_RETURN(range.min, least.integer(0));
  HEARTH_ASSIGN_OR_RETURN(const JsonField most, field.member("max"));
  if (!most.is_null()) {
    HEARTH_ASSIGN_OR_RETURN(range.max, most.integer(range.min));
  }
  return range;
}

Result<std::string> parse_text(const JsonField& field) {
  HEARTH_ASSIGN_OR_RETURN(const std::string_view text, field.string());
  return std::string(text);
}

/// 80 for "8.0".
Result<int> parse_capability(const JsonField& field) {
  HEARTH_ASSIGN_OR_RETURN(const std::string_view text, field.string());
  const size_t point = text.find('.');
  int major = 0;
  int minor = 0;
  const auto read = [](std::string_view digits, int& number) {
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return problem == std::errc() && end == digits.data() + digits.size() && number >= 0;
  };
  if (point == std::string_view::npos || !read(text.substr(0, point), major) || major > 99 ||
      !read(text.substr(point + 1), minor) || minor > 9) {
    return field.error("'{}' is no version like 8.0", text);
  }
  return 10 * major + minor;
}

Result<TargetSpec> parse_target(const JsonField& field) {
  TargetSpec target;
  HEARTH_ASSIGN_OR_RETURN(target.device, string_member(field, "device"));
  HEARTH_ASSIGN_OR_RETURN(target.machine, string_member(field, "machine"));
  HEARTH_ASSIGN_OR_RETURN(target.system, string_member(field, "system"));
  HEARTH_ASSIGN_OR_RETURN(const JsonField features, field.member("cpu_features"));
  HEARTH_ASSIGN_OR_RETURN(target.cpu_features, parse_array<std::string>(features, parse_text));
  HEARTH_ASSIGN_OR_RETURN(target.library, string_member(field, "library"));
  HEARTH_ASSIGN_OR_RETURN(const JsonField constants, field.member("constants"));
  HEARTH_ASSIGN_OR_RETURN(target.constants, parse_map<std::string>(constants, parse_text));
  HEARTH_ASSIGN_OR_RETURN(const std::optional<JsonField> nodes, field.find("fallback_nodes"));
  if (nodes) {
    HEARTH_ASSIGN_OR_RETURN(target.fallback_nodes, parse_text(*nodes));
  }
  HEARTH_ASSIGN_OR_RETURN(const std::optional<JsonField> gpu, field.find("cuda"));
  if (gpu) {
    HEARTH_ASSIGN_OR_RETURN(const JsonField capability, gpu->member("compute_capability"));
    HEARTH_ASSIGN_OR_RETURN(target.compute_capability, parse_capability(capability));
  }
  return target;
}

Status check_symbols(const MethodSpec& method, const JsonField& field) {
  const auto known = [&](const std::vector<Dimension>& shape) {
    return std::ranges::all_of(shape, [&](const Dimension& dimension) {
      return dimension.symbol.empty() || method.symbols.contains(dimension.symbol);
    });
  };
  for (const InputSpec& input : method.inputs) {
    if (!known(input.shape)) return field.error("input '{}' has a symbol that 'symbols' lacks", input.name);
  }
  for (const OutputSpec& output : method.outputs) {
    if (!known(output.shape)) return field.error("output '{}' has a symbol that 'symbols' lacks", output.name);
  }
  return {};
}

}  // namespace

bool is_identifier(std::string_view name) {
  return !name.empty() && name.size() <= 64 && is_letter(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c); });
}

Result<std::string> string_member(const JsonField& field, std::string_view key) {
  HEARTH_ASSIGN_OR_RETURN(const JsonField member, field.member(key));
  return parse_text(member);
}

Result<Dimension> parse_dimension(const JsonField& field, bool may_be_unknown) {
  Dimension dimension;
  if (field.is_null() && may_be_unknown) {
    dimension.unknown = true;
    return dimension;
  }
  if (!field.is_string()) {
    HEARTH_ASSIGN_OR_RETURN(dimension.add, field.integer(0));
    return dimension;
  }
  HEARTH_ASSIGN_OR_RETURN(const std::string_view text, field.string());
  if (!parse_expression(text, dimension)) {
    return field.error("'{}' is neither a size nor of the form \"symbol\", \"2*symbol\", \"symbol+1\"", text);
  }
  return dimension;
}

Result<RecordSpec> parse_record(const JsonField& field) {
  RecordSpec record;
  HEARTH_ASSIGN_OR_RETURN(const JsonField size, field.member("size"));
  HEARTH_ASSIGN_OR_RETURN(const int64_t bytes, size.integer(0));
  record.size = static_cast<uint64_t>(bytes);
  HEARTH_ASSIGN_OR_RETURN(const JsonField xxh3, field.member("xxh3"));
  HEARTH_ASSIGN_OR_RETURN(const std::string hex, parse_hex(xxh3, 16));
  std::from_chars(hex.data(), hex.data() + hex.size(), record.xxh3, 16);
  HEARTH_ASSIGN_OR_RETURN(const std::optional<JsonField> sha256, field.find("sha256"));
  if (sha256) {
    HEARTH_ASSIGN_OR_RETURN(record.sha256, parse_hex(*sha256, 64));
  }
  return record;
}

Result<TensorSpec> parse_tensor(const JsonField& field) {
  TensorSpec tensor;
  HEARTH_ASSIGN_OR_RETURN(tensor.record, string_member(field, "record"));
  HEARTH_ASSIGN_OR_RETURN(const JsonField offset, field.member("offset"));
  HEARTH_ASSIGN_OR_RETURN(const int64_t bytes, offset.integer(0));
  tensor.offset = static_cast<uint64_t>(bytes);
  HEARTH_ASSIGN_OR_RETURN(const JsonField dtype, field.member("dtype"));
  HEARTH_ASSIGN_OR_RETURN(tensor.dtype, parse_dtype_field(dtype));
  HEARTH_ASSIGN_OR_RETURN(const JsonField format, field.member("format"));
  HEARTH_ASSIGN_OR_RETURN(tensor.format, parse_text(format));
  constexpr std::string_view kFormats[] = {"f32", "bf16", "f16", "i8", "q4", "raw"};
  if (std::ranges::find(kFormats, tensor.format) == std::end(kFormats)) {
    return format.error("'{}' is not a weight format", tensor.format);
  }
  HEARTH_ASSIGN_OR_RETURN(const JsonField shape, field.member("shape"));
  HEARTH_ASSIGN_OR_RETURN(tensor.shape, parse_sizes(shape));
  HEARTH_ASSIGN_OR_RETURN(const JsonField strides, field.member("strides"));
  HEARTH_ASSIGN_OR_RETURN(tensor.strides, parse_sizes(strides));
  if (tensor.shape.size() != tensor.strides.size()) return strides.error("as many as the sizes of 'shape' are needed");
  return tensor;
}

Result<MethodSpec> parse_method(const JsonField& field) {
  MethodSpec method;
  HEARTH_ASSIGN_OR_RETURN(const JsonField symbols, field.member("symbols"));
  HEARTH_ASSIGN_OR_RETURN(method.symbols, parse_map<SymbolRange>(symbols, parse_symbol));
  HEARTH_ASSIGN_OR_RETURN(const JsonField inputs, field.member("inputs"));
  HEARTH_ASSIGN_OR_RETURN(method.inputs, parse_array<InputSpec>(inputs, parse_input));
  HEARTH_ASSIGN_OR_RETURN(const JsonField outputs, field.member("outputs"));
  HEARTH_ASSIGN_OR_RETURN(method.outputs, parse_array<OutputSpec>(outputs, parse_output));
  HEARTH_RETURN_IF_ERROR(check_symbols(method, field));
  HEARTH_ASSIGN_OR_RETURN(const JsonField targets, field.member("targets"));
  HEARTH_ASSIGN_OR_RETURN(method.targets, parse_map<TargetSpec>(targets, parse_target));
  for (const auto& [name, target] : method.targets) {
    if (!is_target_name(name)) return targets.error("'{}' is not a target's name", name);
  }
  return method;
}

Result<Golden> parse_golden(const JsonField& field) {
  Golden golden;
  HEARTH_ASSIGN_OR_RETURN(golden.method, string_member(field, "method"));
  HEARTH_ASSIGN_OR_RETURN(golden.name, string_member(field, "case"));
  HEARTH_ASSIGN_OR_RETURN(const JsonField inputs, field.member("inputs"));
  HEARTH_ASSIGN_OR_RETURN(golden.inputs, parse_array<std::string>(inputs, parse_text));
  const auto tolerance = [](const JsonField& output, std::string_view key) -> Result<double> {
    HEARTH_ASSIGN_OR_RETURN(const JsonField member, output.member(key));
    HEARTH_ASSIGN_OR_RETURN(const double value, member.number());
    if (value < 0) return member.error("a tolerance cannot be negative");
    return value;
  };
  HEARTH_ASSIGN_OR_RETURN(const JsonField outputs, field.member("outputs"));
  HEARTH_ASSIGN_OR_RETURN(golden.outputs,
                          parse_array<GoldenOutput>(outputs, [&](const JsonField& output) -> Result<GoldenOutput> {
                            GoldenOutput expected;
                            HEARTH_ASSIGN_OR_RETURN(expected.record, string_member(output, "record"));
                            HEARTH_ASSIGN_OR_RETURN(expected.atol, tolerance(output, "atol"));
                            HEARTH_ASSIGN_OR_RETURN(expected.rtol, tolerance(output, "rtol"));
                            return expected;
                          }));
  return golden;
}

}  // namespace hearth
