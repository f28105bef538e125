#include "tensor/npy.h"

#include <gtest/gtest.h>

#include <string>

#include "base/testing/temporary_folder.h"
#include "tensor/compare.h"
#include "tensor/testing/make_tensor.h"

namespace hearth {
namespace {

using testing::make_tensor;
using testing::Sizes;

std::string file_of(const std::string& header, const std::string& data, int version = 1) {
  std::string file = std::string("\x93NUMPY", 6) + static_cast<char>(version) + '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) file += static_cast<char>(header.size() >> (8 * i) & 0xFF);
  return file + header + data;
}

std::string header_of(const std::string& descr, const std::string& order, const std::string& shape) {
  return "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
}

Result<Tensor> read(const std::string& file) { return read_npy(std::as_bytes(std::span(file))); }

std::string bytes_of(const Tensor& tensor) { return {tensor.data_as<const char>(), tensor.byte_count()}; }

TEST(Npy, RoundTripsEveryDTypeAndShape) {
  const DType dtypes[] = {DType::kUInt8,   DType::kInt8,     DType::kInt16,   DType::kInt32,     DType::kInt64,
                          DType::kFloat16, DType::kFloat32,  DType::kFloat64, DType::kComplex64, DType::kComplex128,
                          DType::kBool,    DType::kBFloat16, DType::kUInt16,  DType::kUInt32,    DType::kUInt64};
  for (const DType dtype : dtypes) {
    for (const Sizes& shape : {Sizes{}, Sizes{5}, Sizes{2, 3}, Sizes{1, 0, 4}, Sizes(kMaxRank, 1)}) {
      const Tensor tensor = Tensor::empty(dtype, shape).value();
      for (size_t i = 0; i < tensor.byte_count(); ++i) {
        tensor.data_as<uint8_t>()[i] = static_cast<uint8_t>(dtype == DType::kBool ? i % 2 : i * 7);
      }
      const auto written = write_npy(tensor);
      ASSERT_TRUE(written.ok()) << written.status().message();
      EXPECT_EQ((written->size() - tensor.byte_count()) % 64, 0U) << "data is aligned, as NumPy writes it";
      const auto back = read_npy(*written);
      ASSERT_TRUE(back.ok()) << back.status().message();
      EXPECT_EQ(describe(*back), describe(tensor));
      EXPECT_EQ(bytes_of(*back), bytes_of(tensor));
    }
  }
}

TEST(Npy, WritesAnyStridesInCOrder) {
  const Tensor rows = make_tensor<int16_t>(DType::kInt16, {2, 3}, {1, 2, 3, 4, 5, 6});
  const Tensor turned = Tensor::view(rows.storage(), DType::kInt16, Sizes{3, 2}, Sizes{1, 3}, 0).value();
  const Tensor back = read_npy(*write_npy(turned)).value();
  EXPECT_TRUE(back.is_contiguous());
  EXPECT_EQ(compare(back, turned, 0, 0)->mismatches, 0);
}

TEST(Npy, RefusesToWritePackedOrUndefinedTensors) {
  EXPECT_EQ(write_npy(Tensor::empty(DType::kInt4, Sizes{2}).value()).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(write_npy(Tensor()).status().code(), StatusCode::kInvalidArgument);
}

TEST(Npy, ReadsFortranOrder) {
  // numpy: np.asfortranarray(np.arange(24, dtype='u1').reshape(2, 3, 4))
  std::string data;
  for (int k = 0; k < 4; ++k) {
    for (int j = 0; j < 3; ++j) {
      for (int i = 0; i < 2; ++i) data += static_cast<char>(12 * i + 4 * j + k);
    }
  }
  const auto tensor = read(file_of(header_of("'|u1'", "True", "(2, 3, 4)"), data));
  ASSERT_TRUE(tensor.ok()) << tensor.status().message();
  EXPECT_TRUE(tensor->is_contiguous());
  for (int i = 0; i < 24; ++i) EXPECT_EQ(tensor->data_as<uint8_t>()[i], i);
  EXPECT_TRUE(read(file_of(header_of("'|u1'", "True", "()"), "x")).ok());
  EXPECT_TRUE(read(file_of(header_of("'|u1'", "True", "(3, 0)"), "")).ok());
}

TEST(Npy, ReadsEveryVersion) {
  for (const int version : {1, 2, 3}) {
    const auto tensor = read(file_of(header_of("'<i2'", "False", "(2,)"), std::string("\x01\x02\xff\xff", 4), version));
    ASSERT_TRUE(tensor.ok()) << version << ": " << tensor.status().message();
    EXPECT_EQ(tensor->data_as<int16_t>()[0], 0x0201);
    EXPECT_EQ(tensor->data_as<int16_t>()[1], -1);
  }
}

TEST(Npy, ReadsHeadersOfOtherWriters) {
  for (const char* header : {"{'shape': (2,), 'descr': '<i2', 'fortran_order': False}",
                             "{\"descr\":\"<i2\",\"fortran_order\":False,\"shape\":(2,)}",
                             "  { 'descr' : '<i2' , 'fortran_order' : False , 'shape' : ( 2 , ) , }   \n",
                             "{'descr': '<i2', 'fortran_order': False, 'shape': (2,)}\n"}) {
    EXPECT_TRUE(read(file_of(header, "abcd")).ok()) << header;
  }
  const auto brain = read(file_of(header_of("'|V2'", "False", "(1,)"), std::string("\x80\x3f", 2)));
  ASSERT_TRUE(brain.ok());
  EXPECT_EQ(brain->dtype(), DType::kBFloat16);
}

TEST(Npy, TakesEveryByteButZeroForTrue) {
  const auto tensor = read(file_of(header_of("'|b1'", "False", "(4,)"), std::string("\0\x01\x02\xff", 4)));
  ASSERT_TRUE(tensor.ok());
  EXPECT_EQ(bytes_of(*tensor), std::string("\0\x01\x01\x01", 4));
}

TEST(Npy, SaysWhatIsWrong) {
  const auto with_header = [](const std::string& header) { return file_of(header, "abcd"); };
  const auto with_shape = [](const std::string& shape) { return file_of(header_of("'<i2'", "False", shape), "abcd"); };
  const auto with_descr = [](const std::string& descr) { return file_of(header_of(descr, "False", "(2,)"), "abcd"); };
  const std::string good = with_shape("(2,)");
  ASSERT_TRUE(read(good).ok());
  const std::pair<std::string, const char*> cases[] = {
      {"", "magic"},
      {"PK\x03\x04 is another file", "magic"},
      {good.substr(0, 5), "magic"},
      {good.substr(0, 6), "ends inside"},
      {good.substr(0, 9), "ends inside"},
      {good.substr(0, 30), "ends inside"},
      {file_of("", "", 0), "version 0"},
      {file_of("", "", 4), "version 4"},
      {std::string("\x93NUMPY\x02\0\x10\0", 10), "ends inside"},
      {std::string("\x93NUMPY\x02\0\0\0\0\x7f", 12), "the most is"},
      {good.substr(0, good.size() - 1), "3 bytes follow"},
      {good + "x", "5 bytes follow"},
      {with_header(""), "'{'"},
      {with_header("[1]"), "'{'"},
      {with_header("{}"), "are needed"},
      {with_header("{'descr': '<i2'}"), "are needed"},
      {with_header("{'descr': '<i2', 'shape': (2,)}"), "are needed"},
      {with_header("{descr: 1}"), "key is malformed"},
      {with_header("{'descr"), "key is malformed"},
      {with_header("{'descr' '<i2'}"), "key is malformed"},
      {with_header("{'descr': '<i2', 'descr': '<i2'}"), "given twice"},
      {with_header("{'color': '<i2'}"), "'color' is unknown"},
      {with_header("{'descr': '<i2' 'shape': (2,)}"), "is missing"},
      {with_header("{'descr': '<i2'"), "is missing"},
      {with_header(header_of("'<i2'", "False", "(2,)") + "x"), "follows the dictionary"},
      {with_header(header_of("'<i2'", "0", "(2,)")), "neither True nor False"},
      {with_descr("'>i2'"), "'>i2' is not supported"},
      {with_descr("'<U2'"), "'<U2' is not supported"},
      {with_descr("'|O'"), "'|O' is not supported"},
      {with_descr("[('a', '<i2')]"), "not a plain dtype"},
      {with_shape("2"), "not a tuple"},
      {with_shape("(2"), "not a tuple"},
      {with_shape("(,)"), "not a tuple"},
      {with_shape("(2,,)"), "not a tuple"},
      {with_shape("(-2,)"), "not a tuple"},
      {with_shape("(2.0,)"), "not a tuple"},
      {with_shape("(99999999999999999999,)"), "not a tuple"},
      {with_shape("(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2)"), "at most 16"},
      {with_shape("()"), "needs 2"},
      {with_shape("(3,)"), "needs 6"},
      {with_shape("(9223372036854775807, 9223372036854775807)"), "more than there can be"},
      {with_shape("(4611686018427387904, 4)"), "more than there can be"},
  };
  for (const auto& [file, message] : cases) {
    const auto tensor = read(file);
    ASSERT_FALSE(tensor.ok()) << message;
    EXPECT_EQ(tensor.status().code(), StatusCode::kInvalidFile) << tensor.status().message();
    EXPECT_NE(tensor.status().message().find(message), std::string::npos) << tensor.status().message();
  }
}

TEST(Npy, ReadsAndWritesFiles) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "array.npy";
  const Tensor tensor = make_tensor<float>(DType::kFloat32, {2, 2}, {1, -2, 3.5, 0});
  ASSERT_TRUE(write_npy(path, tensor).ok());
  const auto back = read_npy(path);
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(compare(*back, tensor, 0, 0)->mismatches, 0);
  EXPECT_EQ(read_npy(folder.path() / "none.npy").status().code(), StatusCode::kNotFound);
  const auto broken = read_npy(folder.write("broken.npy", "no array"));
  EXPECT_TRUE(broken.status().message().starts_with((folder.path() / "broken.npy").string()));
  EXPECT_EQ(write_npy(folder.path() / "no" / "folder.npy", tensor).code(), StatusCode::kFailed);
}

}  // namespace
}  // namespace hearth
