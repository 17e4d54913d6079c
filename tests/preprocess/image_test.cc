#include "libra/preprocess/image.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "libra/core/error.h"
#include "libra/core/file.h"

namespace libra::preprocess {
namespace {

TEST(Resize, SameSizeAndConstantStay) {
  Image image(5, 3);
  for (auto& byte : image.rgb) byte = 77;
  EXPECT_EQ(resize_bicubic(image, 5, 3).rgb, image.rgb);
  for (const uint8_t byte : resize_bicubic(image, 2, 9).rgb) EXPECT_EQ(byte, 77);
  EXPECT_EQ(resize_bicubic(image, 1, 1).rgb, (std::vector<uint8_t>{77, 77, 77}));
  EXPECT_THROW(resize_bicubic(image, 0, 3), Error);
  EXPECT_THROW(resize_bicubic(image, 3, 20000), Error);
  EXPECT_THROW(resize_bicubic(Image(), 3, 3), Error);
}

// Pixel for pixel what Pillow gives (tests/golden/pad_pil.py).
TEST(ResizeWithPad, IsPillowsBilinearInTheMiddleOfBlack) {
  const auto golden = nlohmann::json::parse(
      read_file(LIBRA_SOURCE_DIR "/tests/golden/resize_with_pad/pillow.json"));
  ASSERT_EQ(golden["cases"].size(), 7u);
  for (const auto& c : golden["cases"]) {
    Image image(c["in"][0], c["in"][1]);
    image.rgb = c["input"].get<std::vector<uint8_t>>();
    const Image out = resize_with_pad(image, c["out"][0], c["out"][1]);
    EXPECT_EQ(out.height, c["out"][0]);
    EXPECT_EQ(out.width, c["out"][1]);
    EXPECT_EQ(out.rgb, c["output"].get<std::vector<uint8_t>>()) << c["in"] << c["out"];
  }
}

TEST(Normalise, RefusesABufferOfTheWrongSize) {
  std::vector<float> wrong(5);
  EXPECT_THROW(normalise(Image(1, 256), kSigLip, wrong), Error);
}

TEST(Halve, IsTheRoundedMeanOfFour) {
  Image image(2, 5);
  for (int y = 0; y < 2; ++y) {
    for (int x = 0; x < 5; ++x) {
      for (int c = 0; c < 3; ++c) image.row(y)[x * 3 + c] = static_cast<uint8_t>(10 * x + y + c);
    }
  }
  const Image half = halve(image);
  EXPECT_EQ(half.height, 1);
  EXPECT_EQ(half.width, 2);
  // {0, 1, 10, 11}: 5.5 -> 6; {20, 21, 30, 31}: 25.5 -> 26; +1 per channel
  EXPECT_EQ(half.rgb, (std::vector<uint8_t>{6, 7, 8, 26, 27, 28}));
  Image white(2, 2);
  for (auto& byte : white.rgb) byte = 255;
  EXPECT_EQ(halve(white).rgb, (std::vector<uint8_t>{255, 255, 255}));
}

TEST(Crop, IsTheBoxAndNothingOutside) {
  Image image(3, 5);
  for (size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = static_cast<uint8_t>(i);
  const Image box = crop(image, 1, 2, 2, 1);
  EXPECT_EQ(box.rgb, (std::vector<uint8_t>{21, 22, 23, 36, 37, 38}));
  EXPECT_THROW(crop(image, 0, 0, 4, 1), Error);
  EXPECT_THROW(crop(image, -1, 0, 1, 1), Error);
}

}  // namespace
}  // namespace libra::preprocess
