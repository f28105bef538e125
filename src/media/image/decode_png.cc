#include <png.h>

#include <csetjmp>
#include <cstring>

#include "base/errors.h"
#include "media/image/decoders.h"
#include "media/image/exif.h"

namespace hearth {
namespace {

/// check_image_size decides instead of libpng, whose own limit gives no reason.
constexpr png_uint_32 kLargestSide = PNG_UINT_31_MAX;
constexpr png_alloc_size_t kLargestChunk = 8'000'000;
constexpr png_uint_32 kMostKeptChunks = 64;

/// libpng reports errors by longjmp. Each step that may fail runs in its own function, in which nothing has a
/// destructor; what owns memory is a member here.
class PngReader {
 public:
  explicit PngReader(std::span<const std::byte> bytes) : rest_(bytes) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, on_error, on_warning);
    if (png_ == nullptr) return;
    info_ = png_create_info_struct(png_);
    png_set_user_limits(png_, kLargestSide, kLargestSide);
    png_set_chunk_malloc_max(png_, kLargestChunk);
    png_set_chunk_cache_max(png_, kMostKeptChunks);
    png_set_read_fn(png_, this, on_read);
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  bool ready() const { return png_ != nullptr && info_ != nullptr; }
  int width() const { return static_cast<int>(png_get_image_width(png_, info_)); }
  int height() const { return static_cast<int>(png_get_image_height(png_, info_)); }

  bool read_header() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_read_info(png_, info_);
    return true;
  }

  bool read_pixels(png_bytepp rows) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    if (png_get_color_type(png_, info_) == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png_);
    png_set_expand_gray_1_2_4_to_8(png_);
    png_set_strip_16(png_);
    png_set_strip_alpha(png_);
    png_set_gray_to_rgb(png_);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    if (png_get_rowbytes(png_, info_) != static_cast<size_t>(width()) * Image::kChannels) return false;
    png_read_image(png_, rows);
    png_read_end(png_, info_);
    return true;
  }

  int orientation() {
    png_uint_32 size = 0;
    png_bytep block = nullptr;
    if (png_get_eXIf_1(png_, info_, &size, &block) == 0) return 1;
    return exif_orientation({reinterpret_cast<const std::byte*>(block), size});
  }

 private:
  static void on_error(png_structp png, png_const_charp) { png_longjmp(png, 1); }
  static void on_warning(png_structp, png_const_charp) {}
  static void on_read(png_structp png, png_bytep target, size_t size) {
    auto* reader = static_cast<PngReader*>(png_get_io_ptr(png));
    if (size > reader->rest_.size()) png_error(png, "");
    std::memcpy(target, reader->rest_.data(), size);
    reader->rest_ = reader->rest_.subspan(size);
  }

  std::span<const std::byte> rest_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

Result<DecodedImage> decode_png(std::span<const std::byte> bytes, const ImageLimits& limits) {
  PngReader reader(bytes);
  if (!reader.ready()) return error(StatusCode::kOutOfMemory, "a PNG decoder cannot be made");
  if (!reader.read_header()) return invalid_file("the PNG's header is damaged or cut short");
  HEARTH_RETURN_IF_ERROR(check_image_size(reader.width(), reader.height(), limits));
  DecodedImage decoded;
  HEARTH_ASSIGN_OR_RETURN(decoded.image, make_image(reader.width(), reader.height()));
  std::vector<png_bytep> rows;
  for (int y = 0; y < decoded.image.height; ++y) rows.push_back(decoded.image.row(y));
  if (!reader.read_pixels(rows.data())) return invalid_file("the PNG is damaged or cut short");
  decoded.orientation = reader.orientation();
  return decoded;
}

}  // namespace hearth
