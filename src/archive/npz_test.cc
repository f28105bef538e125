#include "archive/npz.h"

#include <gtest/gtest.h>

#include <limits>

#include "archive/testing/archive_builder.h"
#include "archive/zip_reader.h"
#include "base/testing/temporary_folder.h"
#include "tensor/compare.h"
#include "tensor/npy.h"
#include "tensor/testing/make_tensor.h"

namespace hearth {
namespace {

using testing::ArchiveBuilder;
using testing::make_tensor;
using testing::Sizes;

std::vector<NamedTensor> some_tensors() {
  const Tensor rows = make_tensor<int16_t>(DType::kInt16, {2, 3}, {1, 2, 3, 4, 5, 6});
  return {{"x", make_tensor<float>(DType::kFloat32, {2, 2}, {1, -2, 0.5, std::numeric_limits<float>::infinity()})},
          {"scalar", make_tensor<int64_t>(DType::kInt64, {}, {-7})},
          {"turned", Tensor::view(rows.storage(), DType::kInt16, Sizes{3, 2}, Sizes{1, 3}, 0).value()},
          {"empty", Tensor::empty(DType::kBool, Sizes{0, 4}).value()},
          {"brain", make_tensor<uint16_t>(DType::kBFloat16, {2}, {0x3F80, 0xC000})},
          {"folder/größe", make_tensor<uint8_t>(DType::kUInt8, {1}, {9})}};
}

std::string npy_text(const Tensor& tensor) {
  const std::vector<std::byte> bytes = write_npy(tensor).value();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void expect_same(const std::vector<NamedTensor>& actual, const std::vector<NamedTensor>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(actual[i].name, expected[i].name);
    const auto comparison = compare(actual[i].tensor, expected[i].tensor, 0, 0);
    ASSERT_TRUE(comparison.ok()) << comparison.status().message();
    EXPECT_EQ(comparison->mismatches, 0) << expected[i].name;
  }
}

TEST(Npz, RoundTripsNamedTensors) {
  for (const std::vector<NamedTensor>& tensors : {some_tensors(), std::vector<NamedTensor>{}}) {
    const auto bytes = write_npz(tensors);
    ASSERT_TRUE(bytes.ok()) << bytes.status().message();
    const auto back = read_npz(*bytes);
    ASSERT_TRUE(back.ok()) << back.status().message();
    expect_same(*back, tensors);
    EXPECT_EQ(*write_npz(tensors), *bytes) << "the same tensors give the same bytes";
  }
}

TEST(Npz, ReadsStoredAndCompressedEntries) {
  const std::vector<NamedTensor> tensors{
      {"zeros", make_tensor<double>(DType::kFloat64, {100}, std::vector<double>(100))},
      {"one", make_tensor<int8_t>(DType::kInt8, {1}, {1})}};
  for (const bool deflate : {false, true}) {
    ArchiveBuilder builder;
    for (const NamedTensor& named : tensors) {
      builder.add(
          {.name = named.name + ".npy", .contents = npy_text(named.tensor), .alignment = 1, .deflate = deflate});
    }
    const auto back = read_npz(builder.build());
    ASSERT_TRUE(back.ok()) << back.status().message();
    expect_same(*back, tensors);
  }
}

TEST(Npz, SaysWhichEntryIsWrong) {
  const std::string good = npy_text(make_tensor<int8_t>(DType::kInt8, {3}, {1, 2, 3}));
  const auto archive_of = [&](const std::string& name, const std::string& contents) {
    ArchiveBuilder builder;
    builder.add({"good.npy", good});
    builder.add({name, contents});
    return builder.build();
  };
  std::vector<std::byte> damaged = archive_of("last.npy", good);
  const std::span<const std::byte> data = ZipReader::open(damaged).value().find("last.npy")->data;
  damaged[static_cast<size_t>(data.data() - damaged.data()) + data.size() - 1] ^= std::byte{1};
  const std::pair<std::vector<std::byte>, const char*> cases[] = {
      {archive_of("notes.txt", "text"), "entry 'notes.txt' is no .npy array"},
      {archive_of("b.npy", "text"), "entry 'b.npy': it is not an npy file"},
      {archive_of("b.npy", good.substr(0, good.size() - 1)), "entry 'b.npy': npy data: 2 bytes follow"},
      {archive_of("good.npy", good), "two of that name"},
      {damaged, "entry 'last.npy': its CRC"},
      {std::vector<std::byte>(100), "zip:"},
      {{}, "zip:"}};
  for (const auto& [bytes, message] : cases) {
    const auto tensors = read_npz(bytes);
    ASSERT_FALSE(tensors.ok()) << message;
    EXPECT_EQ(tensors.status().code(), StatusCode::kInvalidFile);
    EXPECT_NE(tensors.status().message().find(message), std::string::npos) << tensors.status().message();
  }
}

TEST(Npz, WritesOnlyWhatItCanRead) {
  const Tensor one = make_tensor<int8_t>(DType::kInt8, {1}, {1});
  const std::vector<NamedTensor> cases[] = {{{"", one}},
                                            {{"a", one}, {"a", one}},
                                            {{"../a", one}},
                                            {{"/a", one}},
                                            {{"a\nb", one}},
                                            {{std::string(70000, 'n'), one}},
                                            {{"packed", Tensor::empty(DType::kInt4, Sizes{2}).value()}},
                                            {{"undefined", Tensor()}}};
  for (const std::vector<NamedTensor>& tensors : cases) {
    const auto bytes = write_npz(tensors);
    ASSERT_FALSE(bytes.ok()) << tensors.front().name;
    EXPECT_EQ(bytes.status().code(), StatusCode::kInvalidArgument) << bytes.status().message();
  }
}

TEST(Npz, ReadsAndWritesFiles) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "arrays.npz";
  const Status written = write_npz(path, some_tensors());
  ASSERT_TRUE(written.ok()) << written.message();
  const auto back = read_npz(path);
  ASSERT_TRUE(back.ok()) << back.status().message();
  expect_same(*back, some_tensors());
  EXPECT_EQ(read_npz(folder.path() / "none.npz").status().code(), StatusCode::kNotFound);
  const std::filesystem::path broken = folder.write("broken.npz", "no archive");
  EXPECT_TRUE(read_npz(broken).status().message().starts_with(broken.string()));
}

}  // namespace
}  // namespace hearth
