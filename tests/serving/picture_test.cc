#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libra/core/error.h"
#include "libra/media/image_file.h"
#include "libra/serving/wire.h"
#include "tests/support/message_of.h"

namespace libra::serving {
namespace {

using testing::HasSubstr;

Image pattern(int height, int width) {
  Image image(height, width);
  for (size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = static_cast<uint8_t>(i * 37 + i / 7);
  return image;
}

// A PNG's bytes with the width and height in its header changed, and the header's checksum mended.
uint32_t crc_of(const uint8_t* bytes, size_t count) {
  uint32_t crc = 0xffffffffu;
  for (size_t i = 0; i < count; ++i) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1u)));
  }
  return ~crc;
}
std::vector<uint8_t> with_size(std::vector<uint8_t> png, uint32_t width, uint32_t height) {
  const auto put = [&](size_t at, uint32_t value) {
    for (int i = 0; i < 4; ++i) png[at + size_t(i)] = static_cast<uint8_t>(value >> (24 - 8 * i));
  };
  put(16, width);
  put(20, height);
  put(29, crc_of(png.data() + 12, 17));
  return png;
}

TEST(Picture, PngComesOutAsItWent) {  // FFmpeg writes, libpng reads
  const Image image = pattern(11, 17);
  EXPECT_EQ(decode_picture(media::encode_png(image), Limits{}, "x").rgb, image.rgb);
}

TEST(Picture, JpegIsWhatFfmpegReads) {
  Image smooth(32, 48);
  for (int y = 0; y < 32; ++y) {
    for (int x = 0; x < 48; ++x) {
      for (int c = 0; c < 3; ++c)
        smooth.row(y)[3 * x + c] = static_cast<uint8_t>(4 * x + 2 * y + c);
    }
  }
  const auto bytes = media::encode_jpeg(smooth, 2);
  const Image ours = decode_picture(bytes, Limits{}, "x");
  const Image theirs = media::decode_image(bytes, "x");
  ASSERT_EQ(ours.rgb.size(), theirs.rgb.size());
  for (size_t i = 0; i < ours.rgb.size(); ++i) ASSERT_NEAR(ours.rgb[i], theirs.rgb[i], 12) << i;
}

TEST(Picture, EveryCutOfAPngIsAnErrorOrThePicture) {
  const Image image = pattern(8, 8);
  const auto png = media::encode_png(image);
  for (size_t length = 0; length < png.size(); ++length) {
    try {
      // Cut behind the pixels, in the end mark, libpng is content.
      EXPECT_EQ(decode_picture(Bytes(png).first(length), Limits{}, "x").rgb, image.rgb);
      EXPECT_GE(length + 16, png.size());
    } catch (const Error&) {
    }
  }
}

TEST(Picture, ABombIsRefusedByItsHeader) {
  const auto png = media::encode_png(pattern(8, 8));
  for (const auto& [width, height] : {std::pair{30000u, 30000u}, {4000u, 4000u}, {5000u, 1u}}) {
    EXPECT_THAT(
        message_of([&] { decode_picture(with_size(png, width, height), Limits{}, "camera a"); }),
        HasSubstr("camera a: the image is of a size that is not taken"));
  }
  EXPECT_THROW(decode_picture(with_size(png, 0, 8), Limits{}, "x"), Error);
}

TEST(Picture, OfAnArray) {
  const Image image = pattern(4, 5);
  WireArray array;
  array.kind = 'u';
  array.item = 1;
  array.shape = {4, 5, 3};
  array.bytes = image.rgb;
  EXPECT_EQ(picture_of(array, Limits{}, "x").rgb, image.rgb);

  std::vector<uint8_t> planar(image.rgb.size()), with_alpha, grey(20, 9);
  for (size_t i = 0; i < 20; ++i) {
    for (size_t c = 0; c < 3; ++c) planar[c * 20 + i] = image.rgb[3 * i + c];
    with_alpha.insert(with_alpha.end(),
                      {image.rgb[3 * i], image.rgb[3 * i + 1], image.rgb[3 * i + 2], uint8_t{7}});
  }
  array.shape = {3, 4, 5};
  array.bytes = planar;
  EXPECT_EQ(picture_of(array, Limits{}, "x").rgb, image.rgb);
  array.shape = {4, 5, 4};
  array.bytes = with_alpha;
  EXPECT_EQ(picture_of(array, Limits{}, "x").rgb, image.rgb);
  array.shape = {4, 5, 1};
  array.bytes = grey;
  EXPECT_EQ(picture_of(array, Limits{}, "x").rgb, std::vector<uint8_t>(60, 9));

  array.shape = {60};
  EXPECT_THROW(picture_of(array, Limits{}, "x"), Error);
  array.shape = {4, 5, 2};
  EXPECT_THROW(picture_of(array, Limits{}, "x"), Error);
}

TEST(Picture, OfNumbersFromZeroToOne) {
  const std::vector<float> numbers = {0.0f, 0.5f, 1.0f};
  WireArray array;
  array.shape = {1, 1, 3};
  array.bytes = {reinterpret_cast<const uint8_t*>(numbers.data()), 12};
  EXPECT_EQ(picture_of(array, Limits{}, "x").rgb, (std::vector<uint8_t>{0, 127, 255}));
  for (const float bad : {-0.1f, 1.1f, std::nanf("")}) {
    const std::vector<float> one = {bad, 0.0f, 0.0f};
    array.bytes = {reinterpret_cast<const uint8_t*>(one.data()), 12};
    EXPECT_THROW(picture_of(array, Limits{}, "x"), Error);
  }
}

}  // namespace
}  // namespace libra::serving
