#include "archive/testing/archive_builder.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cstring>

#include "archive/hash.h"

namespace hearth::testing {
namespace {

class ByteWriter {
 public:
  void number(uint64_t value, size_t size) {
    for (size_t i = 0; i < size; ++i) bytes_.push_back(static_cast<std::byte>(value >> (8 * i) & 0xFF));
  }
  void text(const std::string& text) {
    for (const char c : text) bytes_.push_back(static_cast<std::byte>(c));
  }
  size_t size() const { return bytes_.size(); }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

std::string deflate_text(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string result(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

/// What both headers of an entry say.
struct Prepared {
  const BuiltEntry* entry;
  std::string data;
  uint32_t crc;
  uint64_t offset;
};

constexpr uint32_t kAllOnes = 0xFFFFFFFF;

void write_sizes(ByteWriter& out, const Prepared& item, bool deferred) {
  const bool wide = item.entry->zip64;
  out.number(deferred ? 0 : item.crc, 4);
  out.number(deferred ? 0 : wide ? kAllOnes : item.data.size(), 4);
  out.number(deferred ? 0 : wide ? kAllOnes : item.entry->contents.size(), 4);
}

std::string zip64_extra(const Prepared& item) {
  ByteWriter extra;
  extra.number(1, 2);
  extra.number(16, 2);
  extra.number(item.entry->contents.size(), 8);
  extra.number(item.data.size(), 8);
  const auto bytes = extra.take();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

uint16_t flags_of(const BuiltEntry& entry) {
  return static_cast<uint16_t>(entry.extra_flags | (entry.data_descriptor ? 8U : 0U));
}

void write_local(ByteWriter& out, const Prepared& item) {
  const BuiltEntry& entry = *item.entry;
  std::string extra = entry.zip64 ? zip64_extra(item) : "";
  const size_t begin = out.size() + 30 + entry.name.size() + extra.size() + 4;
  const size_t padding = (entry.alignment - begin % entry.alignment) % entry.alignment;
  out.number(0x04034b50, 4);
  out.number(20, 2);
  out.number(flags_of(entry), 2);
  out.number(entry.deflate ? 8 : 0, 2);
  out.number(0x00210000, 4);
  write_sizes(out, item, entry.data_descriptor);
  out.number(entry.name.size(), 2);
  out.number(extra.size() + 4 + padding, 2);
  out.text(entry.name);
  out.text(extra);
  out.text("FB");
  out.number(padding, 2);
  out.text(std::string(padding, 'Z'));
  out.text(item.data);
  if (!entry.data_descriptor) return;
  out.number(0x08074b50, 4);
  out.number(item.crc, 4);
  out.number(item.data.size(), 4);
  out.number(entry.contents.size(), 4);
}

void write_central(ByteWriter& out, const Prepared& item) {
  const BuiltEntry& entry = *item.entry;
  const std::string extra = entry.zip64 ? zip64_extra(item) : "";
  out.number(0x02014b50, 4);
  out.number(20, 2);
  out.number(20, 2);
  out.number(flags_of(entry), 2);
  out.number(entry.deflate ? 8 : 0, 2);
  out.number(0x00210000, 4);
  write_sizes(out, item, /*deferred=*/false);
  out.number(entry.name.size(), 2);
  out.number(extra.size(), 2);
  out.number(0, 2);
  out.number(0, 2);
  out.number(0, 6);
  out.number(item.offset, 4);
  out.text(entry.name);
  out.text(extra);
}

void write_end_64(ByteWriter& out, size_t entries, size_t size, size_t offset) {
  const size_t record = out.size();
  out.number(0x06064b50, 4);
  out.number(44, 8);
  out.number(45, 2);
  out.number(45, 2);
  out.number(0, 8);
  out.number(entries, 8);
  out.number(entries, 8);
  out.number(size, 8);
  out.number(offset, 8);
  out.number(0x07064b50, 4);
  out.number(0, 4);
  out.number(record, 8);
  out.number(1, 4);
}

std::string hash_of(const std::string& contents) {
  return fmt::format("{:016x}", xxh3(std::as_bytes(std::span(contents))));
}

std::string npy_of_one_float(const std::string& value_bytes) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }";
  header.resize(117, ' ');
  return std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + "\n" + value_bytes;
}

struct Record {
  std::string name;
  std::string contents;
};

std::vector<Record> small_records() {
  const std::string one("\0\0\x80\x3f", 4);
  return {{"archive_format", "pt2"},
          {"archive_version", "0"},
          {"byteorder", "little"},
          {"data/weights/weight_0", one + one},
          {"data/aotinductor/forward@cpu-x86_64-v3/model.so",
           "\x7f"
           "ELF is what a library begins with"},
          {"extra/goldens/forward/example/input_0.npy", npy_of_one_float(one)},
          {"extra/goldens/forward/example/output_0.npy", npy_of_one_float(one)},
          {"extra/labels.json", R"(["cat","dog"])"}};
}

}  // namespace

std::vector<std::byte> ArchiveBuilder::build(bool zip64_end) const {
  ByteWriter out;
  std::vector<Prepared> items;
  for (const BuiltEntry& entry : entries_) {
    Prepared item{&entry, entry.deflate ? deflate_text(entry.contents) : entry.contents, 0, out.size()};
    item.crc =
        static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(entry.contents.data()), entry.contents.size()));
    write_local(out, item);
    items.push_back(std::move(item));
  }
  const size_t directory = out.size();
  for (const Prepared& item : items) write_central(out, item);
  const size_t size = out.size() - directory;
  if (zip64_end) write_end_64(out, items.size(), size, directory);
  out.number(0x06054b50, 4);
  out.number(0, 4);
  out.number(items.size(), 2);
  out.number(items.size(), 2);
  out.number(size, 4);
  out.number(directory, 4);
  out.number(0, 2);
  return out.take();
}

std::string small_manifest() {
  std::string records;
  for (const Record& record : small_records()) {
    const bool code = record.name.ends_with(".so");
    const std::string sha =
        code ? fmt::format(R"(, "sha256": "{}")", sha256(std::as_bytes(std::span(record.contents)))) : "";
    records += fmt::format(R"({}"{}": {{"size": {}, "xxh3": "{}"{}}})", records.empty() ? "" : ", ", record.name,
                           record.contents.size(), hash_of(record.contents), sha);
  }
  return R"({"format": 1, "producer": {"hearth": "0.1.0"}, "name": "small", "records": {)" + records +
         R"(}, "tensors": {"w": {"record": "data/weights/weight_0", "offset": 0, "dtype": "float32", "format": "f32", "shape": [2], "strides": [1]}},
 "methods": {"forward": {"symbols": {"n": {"min": 1, "max": 64}},
  "inputs": [{"name": "x", "dtype": "float32", "shape": ["n", 3, 8, 8], "dim_order": [0, 2, 3, 1]}],
  "outputs": [{"name": "y", "dtype": "float32", "shape": ["2*n+1", null]}],
  "targets": {"cpu-x86_64-v3": {"device": "cpu", "machine": "x86_64", "system": "linux", "cpu_features": ["avx2"],
   "library": "data/aotinductor/forward@cpu-x86_64-v3/model.so", "constants": {"w_0": "w"}}}}},
 "pipeline": {"task": "image-classification", "method": "forward", "input": "x", "output": "y", "labels": "extra/labels.json",
  "preprocess": {"resize": {"mode": "shortest_edge", "size": 8, "resample": "bilinear"}, "center_crop": {"height": 8, "width": 8},
   "channels": 3, "rescale": 0.5, "mean": [0, 0, 0], "std": [1, 1, 1]}},
 "goldens": [{"method": "forward", "case": "example", "inputs": ["extra/goldens/forward/example/input_0.npy"],
  "outputs": [{"record": "extra/goldens/forward/example/output_0.npy", "atol": 0.0001, "rtol": 0}]}]})";
}

std::vector<std::byte> build_small_archive() {
  ArchiveBuilder builder;
  for (const Record& record : small_records()) builder.add({"small/" + record.name, record.contents});
  builder.add({.name = "small/extra/hearth.json", .contents = small_manifest(), .deflate = true});
  return builder.build();
}

}  // namespace hearth::testing
