#include "libra/media/image_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "libra/core/error.h"
#include "libra/core/rng.h"

namespace libra::media {
namespace {

Image gradient(int height, int width) {
  Image image(height, width);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.row(y)[x * 3] = static_cast<uint8_t>(2 * x);
      image.row(y)[x * 3 + 1] = static_cast<uint8_t>(3 * y);
      image.row(y)[x * 3 + 2] = 90;
    }
  }
  return image;
}

TEST(ImageFile, PngKeepsEveryPixel) {
  const Image image = gradient(37, 53);
  const Image back = decode_image(encode_png(image), "memory");
  EXPECT_EQ(back.height, 37);
  EXPECT_EQ(back.width, 53);
  EXPECT_EQ(back.rgb, image.rgb);
}

TEST(ImageFile, JpegKeepsColoursRoughly) {
  const Image image = gradient(48, 64);
  const Image back = decode_image(encode_jpeg(image), "memory");
  ASSERT_EQ(back.rgb.size(), image.rgb.size());
  double error = 0;
  for (size_t i = 0; i < image.rgb.size(); ++i) error += std::abs(back.rgb[i] - image.rgb[i]);
  EXPECT_LT(error / double(image.rgb.size()), 4.0);
}

TEST(ImageFile, ReadsPpmFromDisk) {
  const std::string path = testing::TempDir() + "libra_image_test.ppm";
  std::ofstream(path, std::ios::binary) << "P6\n2 1\n255\n"
                                        << "abcdef";
  const Image image = read_image(path);
  std::filesystem::remove(path);
  EXPECT_EQ(image.width, 2);
  EXPECT_EQ(image.rgb, (std::vector<uint8_t>{'a', 'b', 'c', 'd', 'e', 'f'}));
}

TEST(ImageFile, DamagedBytesAreRefused) {
  EXPECT_THROW(read_image("/nowhere/at/all.png"), Error);
  EXPECT_THROW(decode_image({}, "empty"), Error);
  const std::string text = "hello";
  EXPECT_THROW(decode_image({reinterpret_cast<const uint8_t*>(text.data()), 5}, "text"), Error);
  const std::vector<uint8_t> png = encode_png(gradient(37, 53));
  for (size_t cut : {8ul, 20ul, png.size() / 2}) {
    EXPECT_THROW(decode_image(std::span(png).first(cut), "cut"), Error) << cut;
  }
  // A header that promises 60000 x 60000 pixels.
  const std::string huge = "P6\n60000 60000\n255\n";
  EXPECT_THROW(decode_image({reinterpret_cast<const uint8_t*>(huge.data()), huge.size()}, "huge"),
               Error);
}

TEST(ImageFile, RandomDamageNeverCrashes) {
  Rng rng(3);
  int refused = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<uint8_t> bytes =
        round % 2 == 0 ? encode_png(gradient(19, 23)) : encode_jpeg(gradient(19, 23));
    for (int k = 0; k < 4; ++k) bytes[rng.below(bytes.size())] = static_cast<uint8_t>(rng.next());
    try {
      const Image image = decode_image(bytes, "damaged");
      EXPECT_EQ(image.rgb.size(), size_t(image.width) * image.height * 3);
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 50);
}

TEST(Base64, AgreesWithTheStandard) {  // RFC 4648, section 10
  const auto encode = [](const std::string& s) {
    return base64({reinterpret_cast<const uint8_t*>(s.data()), s.size()});
  };
  EXPECT_EQ(encode(""), "");
  EXPECT_EQ(encode("f"), "Zg==");
  EXPECT_EQ(encode("fo"), "Zm8=");
  EXPECT_EQ(encode("foo"), "Zm9v");
  EXPECT_EQ(encode("foobar"), "Zm9vYmFy");
}

}  // namespace
}  // namespace libra::media
