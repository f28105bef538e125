#include "tensor/npy_header.h"

#include <array>
#include <charconv>

#include "base/errors.h"

namespace hearth {
namespace {

struct Spelling {
  DType dtype;
  std::string_view text;
};

/// The first spelling of a dtype is the one that is written.
constexpr std::array kSpellings{
    Spelling{DType::kFloat32, "<f4"},     Spelling{DType::kFloat64, "<f8"},  Spelling{DType::kFloat16, "<f2"},
    Spelling{DType::kBFloat16, "<V2"},    Spelling{DType::kBFloat16, "|V2"}, Spelling{DType::kInt8, "|i1"},
    Spelling{DType::kInt16, "<i2"},       Spelling{DType::kInt32, "<i4"},    Spelling{DType::kInt64, "<i8"},
    Spelling{DType::kUInt8, "|u1"},       Spelling{DType::kUInt16, "<u2"},   Spelling{DType::kUInt32, "<u4"},
    Spelling{DType::kUInt64, "<u8"},      Spelling{DType::kBool, "|b1"},     Spelling{DType::kComplex64, "<c8"},
    Spelling{DType::kComplex128, "<c16"},
};

/// Reads the few literals that occur in a header.
class LiteralReader {
 public:
  explicit LiteralReader(std::string_view text) : text_(text) {}

  bool accept(char wanted) {
    skip_space();
    if (text_.empty() || text_.front() != wanted) return false;
    text_.remove_prefix(1);
    return true;
  }

  bool accept_word(std::string_view word) {
    skip_space();
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }

  bool read_string(std::string_view& value) {
    skip_space();
    if (text_.empty() || (text_.front() != '\'' && text_.front() != '"')) return false;
    const size_t end = text_.find(text_.front(), 1);
    if (end == std::string_view::npos) return false;
    value = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
    return true;
  }

  bool read_bool(bool& value) {
    value = accept_word("True");
    return value || accept_word("False");
  }

  bool read_tuple(std::vector<int64_t>& values) {
    if (!accept('(')) return false;
    while (!accept(')')) {
      int64_t value = 0;
      skip_space();
      const auto [end, problem] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
      if (problem != std::errc() || value < 0 || values.size() == kMaxRank) return false;
      text_.remove_prefix(static_cast<size_t>(end - text_.data()));
      values.push_back(value);
      if (!accept(',')) return accept(')');
    }
    return true;
  }

  bool at_end() {
    skip_space();
    return text_.empty();
  }

 private:
  void skip_space() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\n')) text_.remove_prefix(1);
  }

  std::string_view text_;
};

Result<DType> parse_descr(std::string_view descr) {
  for (const Spelling& spelling : kSpellings) {
    if (spelling.text == descr) return spelling.dtype;
  }
  return invalid_file("npy header: the dtype '{}' is not supported (little-endian numbers are)", descr);
}

}  // namespace

Result<NpyHeader> parse_npy_header(std::string_view text) {
  LiteralReader reader(text);
  NpyHeader header;
  bool has_descr = false;
  bool has_order = false;
  bool has_shape = false;
  if (!reader.accept('{')) return invalid_file("npy header: it does not begin with '{{'");
  for (bool open = !reader.accept('}'); open; open = !reader.accept('}')) {
    std::string_view key;
    if (!reader.read_string(key) || !reader.accept(':')) return invalid_file("npy header: a key is malformed");
    if (key == "descr" && !has_descr) {
      std::string_view descr;
      if (!reader.read_string(descr)) return invalid_file("npy header: 'descr' is not a plain dtype");
      HEARTH_ASSIGN_OR_RETURN(header.dtype, parse_descr(descr));
      has_descr = true;
    } else if (key == "fortran_order" && !has_order) {
      if (!reader.read_bool(header.fortran_order))
        return invalid_file("npy header: 'fortran_order' is neither True nor False");
      has_order = true;
    } else if (key == "shape" && !has_shape) {
      if (!reader.read_tuple(header.shape)) {
        return invalid_file("npy header: 'shape' is not a tuple of at most {} sizes", kMaxRank);
      }
      has_shape = true;
    } else {
      return invalid_file("npy header: the key '{}' is unknown or given twice", key);
    }
    if (reader.accept(',')) continue;
    if (!reader.accept('}')) return invalid_file("npy header: ',' or '}}' is missing");
    break;
  }
  if (!reader.at_end()) return invalid_file("npy header: something follows the dictionary");
  if (!has_descr || !has_order || !has_shape) {
    return invalid_file("npy header: 'descr', 'fortran_order' and 'shape' are needed");
  }
  return header;
}

Result<std::string> format_npy_header(DType dtype, std::span<const int64_t> shape) {
  for (const Spelling& spelling : kSpellings) {
    if (spelling.dtype != dtype) continue;
    return fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", spelling.text,
                       fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  }
  return invalid_argument("{} cannot be written as npy", dtype_name(dtype));
}

}  // namespace hearth
