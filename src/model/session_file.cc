#include "model/session_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "archive/hash.h"
#include "base/byte_cursor.h"
#include "base/checked.h"
#include "base/errors.h"
#include "base/write_file.h"

namespace hearth {
namespace {

constexpr std::string_view kMagic = "HRTHSESS";
constexpr uint32_t kVersion = 1;
constexpr size_t kHashSize = sizeof(uint64_t);
/// What a cache that keeps keys and values as they are computed has for a dtype.
constexpr uint32_t kComputed = UINT32_MAX;
constexpr int64_t kMostTokens = int64_t{1} << 40;
constexpr uint32_t kMostOfRow = 1U << 20;
constexpr std::array kRowDtypes{DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16, DType::kUInt8};

/// A layer, as the file describes it. One that was never appended to has no heads.
struct LayerFacts {
  DType dtype = DType::kFloat32;
  int64_t heads = 0;
  int64_t key_depth = 0;
  int64_t value_depth = 0;
  int64_t first_page = 0;
  int64_t window = 0;

  int64_t first_token() const { return first_page * CachePage::kTokens; }
};

struct Header {
  uint32_t layers = 0;
  uint32_t dtype = kComputed;
  uint64_t identity = 0;
  uint64_t length = 0;
  uint64_t note_tokens = 0;
  uint64_t note_bytes = 0;
};

LayerFacts facts_of(const KeyValueCache::Layer& layer) {
  if (layer.keys.empty()) return {};
  const Tensor& keys = layer.keys[0].rows;
  const Tensor& values = layer.values[0].rows;
  return {keys.dtype(), keys.size(1), keys.size(3), values.size(3), layer.first_page, layer.window};
}

/// Visits the bytes of a layer's keys or values of its first `tokens` tokens, in the order of the file.
template <typename Visit>
Status visit_parts(std::span<const CachePage> pages, int64_t tokens, const Visit& visit) {
  for (const CachePage& page : pages) {
    const int64_t count = std::min(tokens, CachePage::kTokens);
    for (const Tensor& tensor : {page.rows, page.scales}) {
      if (!tensor.defined()) continue;
      const auto bytes =
          static_cast<size_t>(count) * tensor.byte_count() / static_cast<size_t>(tensor.size(1) * CachePage::kTokens);
      const auto step = tensor.byte_count() / static_cast<size_t>(tensor.size(1));
      for (int64_t head = 0; head < tensor.size(1); ++head) {
        auto* data = static_cast<std::byte*>(tensor.data()) + static_cast<size_t>(head) * step;
        HEARTH_RETURN_IF_ERROR(visit(std::span(data, bytes)));
      }
    }
    tokens -= count;
  }
  return {};
}

class Writer {
 public:
  explicit Writer(ReplacingFile& file) : file_(file) {}

  Status bytes(std::span<const std::byte> bytes) {
    hash_.add(bytes);
    return file_.write(bytes);
  }
  template <std::integral T>
  Status number(T value) {
    static_assert(std::endian::native == std::endian::little);
    return bytes(std::as_bytes(std::span(&value, 1)));
  }
  uint64_t digest() const { return hash_.digest(); }

 private:
  ReplacingFile& file_;
  Xxh3 hash_;
};

Status write_header(Writer& writer, const Header& header) {
  HEARTH_RETURN_IF_ERROR(writer.bytes(std::as_bytes(std::span(kMagic))));
  HEARTH_RETURN_IF_ERROR(writer.number(kVersion));
  HEARTH_RETURN_IF_ERROR(writer.number(header.layers));
  HEARTH_RETURN_IF_ERROR(writer.number(header.dtype));
  HEARTH_RETURN_IF_ERROR(writer.number(uint32_t{0}));
  for (const uint64_t number : {header.identity, header.length, header.note_tokens, header.note_bytes}) {
    HEARTH_RETURN_IF_ERROR(writer.number(number));
  }
  return {};
}

Status write_facts(Writer& writer, const LayerFacts& facts) {
  for (const int64_t number : {static_cast<int64_t>(facts.dtype), facts.heads, facts.key_depth, facts.value_depth,
                               facts.first_page, facts.window}) {
    HEARTH_RETURN_IF_ERROR(writer.number(number));
  }
  return {};
}

Status damaged(std::string_view what) { return invalid_file("the session's file is damaged: {}", what); }

/// A file's parts, checked against each other and its size, before anything is made of them.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes), cursor_(bytes) {}

  Status check(uint64_t identity) {
    const std::span<const std::byte> magic = cursor_.take(kMagic.size());
    if (!std::ranges::equal(magic, std::as_bytes(std::span(kMagic)))) {
      return invalid_file("it is no session's file of Hearth");
    }
    const auto version = cursor_.read<uint32_t>();
    if (version != kVersion) {
      return invalid_file("the session's file is of version {}, this Hearth reads version {}", version, kVersion);
    }
    read_header();
    if (!cursor_.ok() || cursor_.remaining() < kHashSize) return damaged("it ends too early");
    ByteCursor end(bytes_.last(kHashSize));
    if (xxh3(bytes_.first(bytes_.size() - kHashSize)) != end.read<uint64_t>()) {
      return damaged("its hash does not fit its bytes");
    }
    if (header_.identity != identity)
      return invalid_file("another model than this one, or one with another adapter, saved the session");
    return check_facts();
  }

  const Header& header() const { return header_; }
  std::optional<DType> dtype() const {
    return header_.dtype == kComputed ? std::nullopt : std::optional(static_cast<DType>(header_.dtype));
  }
  const std::vector<LayerFacts>& layers() const { return layers_; }
  SessionNotes notes() {
    SessionNotes notes;
    notes.tokens.resize(header_.note_tokens);
    for (int64_t& token : notes.tokens) token = static_cast<int64_t>(cursor_.read<uint64_t>());
    const std::span<const std::byte> text = cursor_.take(header_.note_bytes);
    notes.text.assign(reinterpret_cast<const char*>(text.data()), text.size());
    return notes;
  }
  /// Of keys or values, behind those of the layers before.
  Result<std::vector<CachePage>> pages(const LayerFacts& facts, int64_t depth, MemoryPool& pool) {
    const int64_t tokens = static_cast<int64_t>(header_.length) - facts.first_token();
    std::vector<CachePage> pages;
    for (int64_t first = 0; first < tokens; first += CachePage::kTokens) {
      HEARTH_ASSIGN_OR_RETURN(CachePage page, empty_page(pool, facts.dtype, facts.heads, depth));
      pages.push_back(std::move(page));
    }
    HEARTH_RETURN_IF_ERROR(visit_parts(pages, tokens, [&](std::span<std::byte> to) -> Status {
      const std::span<const std::byte> from = cursor_.take(to.size());
      if (from.size() != to.size()) return damaged("it ends too early");
      std::ranges::copy(from, to.begin());
      return {};
    }));
    return pages;
  }

 private:
  void read_header() {
    header_.layers = cursor_.read<uint32_t>();
    header_.dtype = cursor_.read<uint32_t>();
    cursor_.read<uint32_t>();
    header_.identity = cursor_.read<uint64_t>();
    header_.length = cursor_.read<uint64_t>();
    header_.note_tokens = cursor_.read<uint64_t>();
    header_.note_bytes = cursor_.read<uint64_t>();
  }

  Status check_facts() {
    if (header_.layers > KeyValueCache::kMostLayers) return damaged("it has too many layers");
    if (header_.length > static_cast<uint64_t>(kMostTokens)) return damaged("its sequence is too long");
    if (!check_cache_dtype(dtype()).ok()) return damaged("its dtype is none");
    CheckedSize size =
        CheckedSize(header_.note_tokens) * CheckedSize(sizeof(int64_t)) + CheckedSize(header_.note_bytes);
    for (uint32_t i = 0; i < header_.layers; ++i) {
      LayerFacts facts;
      HEARTH_RETURN_IF_ERROR(read_facts(facts));
      size += size_of(facts);
      layers_.push_back(facts);
    }
    const CheckedSize there = cursor_.remaining() - kHashSize;
    const bool fits_exactly = fits(size, there) && fits(there, size);
    return fits_exactly ? Status() : damaged("its size is not that of its layers");
  }

  Status read_facts(LayerFacts& facts) {
    std::array<int64_t, 6> numbers{};
    for (int64_t& number : numbers) number = static_cast<int64_t>(cursor_.read<uint64_t>());
    if (!cursor_.ok() || cursor_.remaining() < kHashSize) return damaged("it ends too early");
    const auto is_dtype = [&](DType dtype) { return static_cast<int64_t>(dtype) == numbers[0]; };
    const auto dtype = std::ranges::find_if(kRowDtypes, is_dtype);
    if (dtype == kRowDtypes.end()) return damaged("a layer's dtype is none");
    facts = {*dtype, numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]};
    const bool is_empty = facts.heads == 0 && facts.first_page == 0;
    const auto in = [](int64_t value, int64_t least, int64_t most) { return value >= least && value <= most; };
    const auto length = static_cast<int64_t>(header_.length);
    const bool is_good = in(facts.heads, 1, kMostOfRow) && in(facts.key_depth, 1, kMostOfRow) &&
                         in(facts.value_depth, 1, kMostOfRow) && in(facts.window, 0, INT64_MAX) &&
                         in(facts.first_page, 0, length / CachePage::kTokens) && sees_what_it_needs(facts);
    return is_empty || is_good ? Status() : damaged("a layer's numbers make no sense");
  }

  /// Whether all that the next token looks at is there.
  bool sees_what_it_needs(const LayerFacts& facts) const {
    if (facts.first_page == 0) return true;
    return facts.window > 0 && static_cast<int64_t>(header_.length) + 1 - facts.window >= facts.first_token();
  }

  CheckedSize size_of(const LayerFacts& facts) const {
    const bool has_scales = facts.dtype == DType::kUInt8;
    const CheckedSize rows = CheckedSize(static_cast<int64_t>(header_.length) - facts.first_token()) * facts.heads;
    const auto row = [&](int64_t depth) {
      return CheckedSize(depth) * (dtype_bits(facts.dtype) / 8) + CheckedSize(has_scales ? sizeof(float) : 0);
    };
    return rows * (row(facts.key_depth) + row(facts.value_depth));
  }

  std::span<const std::byte> bytes_;
  ByteCursor cursor_;
  Header header_;
  std::vector<LayerFacts> layers_;
};

Status check_same_dtype(std::optional<DType> wanted, std::span<const LayerFacts> layers) {
  if (!wanted) return {};
  for (const LayerFacts& layer : layers) {
    if (layer.heads == 0 || layer.dtype == page_dtype(layer.dtype, wanted)) continue;
    return invalid_argument(
        "the session's file keeps keys and values as {}, not as {}; load it as it is, or begin a new one",
        dtype_name(layer.dtype == DType::kUInt8 ? DType::kInt8 : layer.dtype), dtype_name(*wanted));
  }
  return {};
}

}  // namespace

Result<uint64_t> model_identity(const Archive& archive) {
  if (!archive.has_manifest()) {
    return invalid_argument("a stock package has no hashes that tell it from others: its sessions cannot be saved");
  }
  HEARTH_ASSIGN_OR_RETURN(const std::string manifest, archive.text("extra/hearth.json"));
  return xxh3(std::as_bytes(std::span(manifest)));
}

Status check_cache_dtype(std::optional<DType> dtype) {
  if (!dtype || *dtype == DType::kFloat32 || *dtype == DType::kFloat16 || *dtype == DType::kBFloat16 ||
      *dtype == DType::kInt8) {
    return {};
  }
  return invalid_argument("keys and values can be kept as float32, float16, bfloat16 or int8, not as {}",
                          dtype_name(*dtype));
}

Status write_session(const std::filesystem::path& path, uint64_t identity, const KeyValueCache& cache,
                     const SessionNotes& notes) {
  for (size_t i = 0; i < cache.layers().size(); ++i) {
    const KeyValueCache::Layer& layer = cache.layers()[i];
    if (layer.tokens >= cache.length() || layer.keys.empty()) continue;
    return invalid_argument("layer {} missed tokens of the sequence: the session cannot be saved", i);
  }
  HEARTH_ASSIGN_OR_RETURN(ReplacingFile file, ReplacingFile::open(path));
  Writer writer(file);
  HEARTH_RETURN_IF_ERROR(
      write_header(writer, {.layers = static_cast<uint32_t>(cache.layers().size()),
                            .dtype = cache.dtype() ? static_cast<uint32_t>(*cache.dtype()) : kComputed,
                            .identity = identity,
                            .length = static_cast<uint64_t>(cache.length()),
                            .note_tokens = notes.tokens.size(),
                            .note_bytes = notes.text.size()}));
  for (const KeyValueCache::Layer& layer : cache.layers()) HEARTH_RETURN_IF_ERROR(write_facts(writer, facts_of(layer)));
  HEARTH_RETURN_IF_ERROR(writer.bytes(std::as_bytes(std::span(notes.tokens))));
  HEARTH_RETURN_IF_ERROR(writer.bytes(std::as_bytes(std::span(notes.text))));
  const auto write = [&](std::span<const std::byte> bytes) { return writer.bytes(bytes); };
  for (const KeyValueCache::Layer& layer : cache.layers()) {
    const int64_t tokens = cache.length() - layer.first_page * CachePage::kTokens;
    HEARTH_RETURN_IF_ERROR(visit_parts(layer.keys, tokens, write));
    HEARTH_RETURN_IF_ERROR(visit_parts(layer.values, tokens, write));
  }
  HEARTH_RETURN_IF_ERROR(writer.number(writer.digest()));
  return file.finish();
}

Result<SessionRecord> read_session(std::span<const std::byte> bytes, uint64_t identity, std::optional<DType> dtype,
                                   MemoryPool& pool) {
  Reader reader(bytes);
  HEARTH_RETURN_IF_ERROR(reader.check(identity));
  HEARTH_RETURN_IF_ERROR(check_same_dtype(dtype, reader.layers()));
  SessionNotes notes = reader.notes();
  const auto length = static_cast<int64_t>(reader.header().length);
  std::vector<KeyValueCache::Layer> layers;
  for (const LayerFacts& facts : reader.layers()) {
    KeyValueCache::Layer& layer = layers.emplace_back();
    if (facts.heads == 0) continue;
    layer.first_page = facts.first_page;
    layer.window = facts.window;
    layer.tokens = length;
    HEARTH_ASSIGN_OR_RETURN(layer.keys, reader.pages(facts, facts.key_depth, pool));
    HEARTH_ASSIGN_OR_RETURN(layer.values, reader.pages(facts, facts.value_depth, pool));
  }
  return SessionRecord{KeyValueCache(dtype ? dtype : reader.dtype(), length, std::move(layers)), std::move(notes)};
}

}  // namespace hearth
