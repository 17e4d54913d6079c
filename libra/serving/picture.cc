// Pictures from strangers: PNG by libpng, JPEG by libjpeg-turbo, arrays by their shape.
#include <png.h>
#include <turbojpeg.h>

#include <cmath>
#include <cstring>
#include <memory>

#include "libra/core/error.h"
#include "libra/serving/wire.h"

namespace libra::serving {
namespace {

[[noreturn]] void refuse_picture(const std::string& where, const std::string& problem,
                                 const std::string& expected = "", const std::string& found = "") {
  throw Error(ErrorCode::kBadInput,
              {.where = where, .problem = problem, .expected = expected, .found = found});
}

void check_size(int64_t height, int64_t width, const Limits& limits, const std::string& where) {
  const bool fits = height > 0 && width > 0 && height <= limits.image_side &&
                    width <= limits.image_side &&
                    static_cast<double>(height * width) <= limits.image_mp * 1e6;
  if (fits) return;
  char most[80];
  std::snprintf(most, sizeof most, "1 to %d px a side, at most %g megapixels", limits.image_side,
                limits.image_mp);
  refuse_picture(where, "the image is of a size that is not taken", most,
                 std::to_string(height) + " x " + std::to_string(width));
}

Image decode_png(Bytes bytes, const Limits& limits, const std::string& where) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  const std::unique_ptr<png_image, void (*)(png_image*)> owner(&png, png_image_free);
  if (png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()) == 0) {
    refuse_picture(where, "is a damaged PNG");
  }
  check_size(png.height, png.width, limits, where);
  const size_t channels = (png.format & PNG_FORMAT_FLAG_ALPHA) != 0 ? 4 : 3;
  png.format = channels == 4 ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB;
  Image image(static_cast<int>(png.height), static_cast<int>(png.width));
  const size_t pixels = image.rgb.size() / 3;
  std::vector<uint8_t> with_alpha(channels == 4 ? pixels * 4 : 0);
  uint8_t* target = channels == 4 ? with_alpha.data() : image.rgb.data();
  if (png_image_finish_read(&png, nullptr, target, 0, nullptr) == 0) {
    refuse_picture(where, "is a damaged PNG");
  }
  for (size_t i = 0; channels == 4 && i < pixels; ++i) {
    std::memcpy(image.rgb.data() + 3 * i, with_alpha.data() + 4 * i, 3);
  }
  return image;
}

Image decode_jpeg(Bytes bytes, const Limits& limits, const std::string& where) {
  const std::unique_ptr<void, int (*)(tjhandle)> decoder(tjInitDecompress(), tjDestroy);
  int width = 0, height = 0, sampling = 0, colours = 0;
  if (decoder == nullptr || tjDecompressHeader3(decoder.get(), bytes.data(), bytes.size(), &width,
                                                &height, &sampling, &colours) != 0) {
    refuse_picture(where, "is a damaged JPEG");
  }
  check_size(height, width, limits, where);
  Image image(height, width);
  if (tjDecompress2(decoder.get(), bytes.data(), bytes.size(), image.rgb.data(), width, 0, height,
                    TJPF_RGB, TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS | TJFLAG_STOPONWARNING) != 0) {
    refuse_picture(where, "is a damaged JPEG");
  }
  return image;
}

}  // namespace

Image decode_picture(Bytes bytes, const Limits& limits, const std::string& where) {
  static constexpr uint8_t kPng[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  if (bytes.size() >= sizeof kPng && std::memcmp(bytes.data(), kPng, sizeof kPng) == 0) {
    return decode_png(bytes, limits, where);
  }
  if (bytes.size() >= 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff) {
    return decode_jpeg(bytes, limits, where);
  }
  refuse_picture(where, "is no picture", "PNG or JPEG");
}

Image picture_of(const WireArray& array, const Limits& limits, const std::string& where) {
  const bool is_byte = array.kind == 'u' && array.item == 1;
  const auto& shape = array.shape;
  const bool planar = shape.size() == 3 && shape[0] == 3 && shape[2] != 3;
  const bool known = shape.size() == 2 || planar ||
                     (shape.size() == 3 && (shape[2] == 1 || shape[2] == 3 || shape[2] == 4));
  if (!known || (!is_byte && array.kind != 'f')) {
    refuse_picture(where, "is no image",
                   "uint8 (height, width, 3), or float of [0, 1], or (3, height, width)",
                   array.describe());
  }
  const int64_t height = planar ? shape[1] : shape[0], width = planar ? shape[2] : shape[1];
  check_size(height, width, limits, where);
  Image image(static_cast<int>(height), static_cast<int>(width));
  if (is_byte && !planar && shape.size() == 3 && shape[2] == 3) {
    std::memcpy(image.rgb.data(), array.bytes.data(), image.rgb.size());
    return image;
  }
  const size_t pixels = image.rgb.size() / 3;
  const size_t channels = planar ? 3 : shape.size() == 2 ? 1 : static_cast<size_t>(shape[2]);
  const size_t pixel_step = planar ? 1 : channels, channel_step = planar ? pixels : 1;
  for (size_t i = 0; i < pixels; ++i) {
    for (size_t c = 0; c < 3; ++c) {
      const size_t at = i * pixel_step + (channels == 1 ? 0 : c * channel_step);
      double value = array.at(at);
      if (!is_byte) {
        if (!(value >= 0.0 && value <= 1.0)) {
          refuse_picture(where, "has a pixel that is no number of [0, 1]");
        }
        value = std::floor(value * 255.0);  // as openpi's server does
      }
      image.rgb[3 * i + c] = static_cast<uint8_t>(value);
    }
  }
  return image;
}

}  // namespace libra::serving
