#include "libra/preprocess/image.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "libra/core/error.h"
#include "tests/support/safetensors_lite.h"

namespace libra::preprocess {
namespace {

using Tensors = std::map<std::string, test::LiteTensor>;

const std::string kGolden = LIBRA_SOURCE_DIR "/tests/golden/";

const Tensors& small_set() {
  static const Tensors set = test::read_safetensors(kGolden + "image_preprocess/io.safetensors");
  return set;
}
const Tensors& full_set() {
  static const Tensors set =
      test::read_safetensors(kGolden + "image_preprocess_full/io.safetensors");
  return set;
}

Image image_of(const test::LiteTensor& tensor) {
  Image image(static_cast<int>(tensor.shape.at(0)), static_cast<int>(tensor.shape.at(1)));
  image.rgb = tensor.as<uint8_t>();
  return image;
}

void expect_near(const std::vector<float>& found, const std::vector<float>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], expected[i], 1e-6) << i;
}

// Every "<source>.out.<name><side>.resized_u8_hwc" of a set, byte for byte.
void check_resizes(const Tensors& set, size_t at_least) {
  const std::string ending = ".resized_u8_hwc";
  size_t checked = 0;
  for (const auto& [name, tensor] : set) {
    if (!name.ends_with(ending)) continue;
    const Image source = image_of(set.at(name.substr(0, name.find(".out.")) + ".in.image_u8_hwc"));
    const Image expected = image_of(tensor);
    EXPECT_EQ(resize_bicubic(source, expected.height, expected.width).rgb, expected.rgb) << name;
    ++checked;
  }
  EXPECT_GE(checked, at_least);
}

TEST(Resize, SmallGoldensByteForByte) { check_resizes(small_set(), 4); }
TEST(Resize, FullSizeGoldensByteForByte) { check_resizes(full_set(), 4); }

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

TEST(Normalise, EveryByteMatchesTheTables) {
  Image ramp(1, 256);
  for (int i = 0; i < 256; ++i) ramp.rgb[i * 3] = ramp.rgb[i * 3 + 1] = ramp.rgb[i * 3 + 2] = i;
  expect_near(normalise(ramp, kImageNet), small_set().at("byte_table.imagenet").as<float>());
  expect_near(normalise(ramp, kSigLip), small_set().at("byte_table.siglip_hf").as<float>());
  std::vector<float> wrong(5);
  EXPECT_THROW(normalise(ramp, kSigLip, wrong), Error);
}

TEST(Normalise, PixelValuesOfTheGoldens) {
  int checked = 0;
  for (const auto& [name, tensor] : small_set()) {
    const bool imagenet = name.ends_with(".pixel_values");
    if (!imagenet && !name.ends_with(".pixel_values_hf")) continue;
    const std::string resized = name.substr(0, name.rfind('.')) + ".resized_u8_hwc";
    expect_near(normalise(image_of(small_set().at(resized)), imagenet ? kImageNet : kSigLip),
                tensor.as<float>());
    ++checked;
  }
  EXPECT_GE(checked, 4);
}

TEST(Normalise, FullSizeSamples) {
  for (const auto& [name, tensor] : full_set()) {
    if (!name.ends_with(".pixel_values_every_16th")) continue;
    const auto& resized = full_set().at(name.substr(0, name.rfind('.')) + ".resized_u8_hwc");
    const Image image = image_of(resized);
    const auto all =
        normalise(image, name.find("imagenet") != std::string::npos ? kImageNet : kSigLip);
    std::vector<float> sampled;
    for (int c = 0; c < 3; ++c) {
      for (int y = 0; y < image.height; y += 16) {
        for (int x = 0; x < image.width; x += 16) {
          sampled.push_back(all[(static_cast<size_t>(c) * image.height + y) * image.width + x]);
        }
      }
    }
    expect_near(sampled, tensor.as<float>());
  }
}

TEST(Tiling, EveryGoldenCase) {
  std::ifstream stream(kGolden + "image_preprocess/tiles.json");
  const auto table = nlohmann::json::parse(stream);
  int checked = 0;
  for (const auto& c : table.at("cases")) {
    const Tiling tiling =
        choose_tiling(c.at("height"), c.at("width"), c.at("max_num"), table.at("image_size"));
    EXPECT_EQ(tiling.cols, c.at("cols").get<int>()) << c;
    EXPECT_EQ(tiling.rows, c.at("rows").get<int>()) << c;
    EXPECT_EQ(tiling.thumbnail, c.at("thumbnail_added").get<bool>()) << c;
    EXPECT_EQ(tiling.count(), c.at("total_images").get<int>()) << c;
    ++checked;
  }
  EXPECT_GT(checked, 50);
}

TEST(Tiling, TilesOfTheGoldens) {
  int checked = 0;
  for (const auto& [name, tensor] : small_set()) {
    if (!name.ends_with(".out.tiles_u8_nhwc")) continue;
    const std::string source = name.substr(0, name.find(".out."));
    const Image image = image_of(small_set().at(source + ".in.image_u8_hwc"));
    const int side = static_cast<int>(tensor.shape[1]);
    const auto bytes = tensor.as<uint8_t>();
    const auto count = static_cast<int>(tensor.shape[0]);
    const auto tiles = make_tiles(image, choose_tiling(image.height, image.width, 6, side), side);
    ASSERT_EQ(static_cast<int>(tiles.size()), count) << name;
    std::vector<uint8_t> joined;
    for (const auto& tile : tiles) joined.insert(joined.end(), tile.rgb.begin(), tile.rgb.end());
    EXPECT_EQ(joined, bytes) << name;
    auto ends = normalise(tiles.front(), kImageNet);
    const auto last = normalise(tiles.back(), kImageNet);
    ends.insert(ends.end(), last.begin(), last.end());
    expect_near(ends, small_set().at(source + ".out.pixel_values_first_and_last").as<float>());
    ++checked;
  }
  EXPECT_EQ(checked, 3);
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

TEST(Crop, BoxAndCentre) {
  Image image(3, 5);
  for (size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = static_cast<uint8_t>(i);
  const Image box = crop(image, 1, 2, 2, 1);
  EXPECT_EQ(box.rgb, (std::vector<uint8_t>{21, 22, 23, 36, 37, 38}));
  const Image square = center_square(image);
  EXPECT_EQ(square.width, 3);
  EXPECT_EQ(square.rgb[0], 3);
  EXPECT_THROW(crop(image, 0, 0, 4, 1), Error);
  EXPECT_THROW(crop(image, -1, 0, 1, 1), Error);
}

}  // namespace
}  // namespace libra::preprocess
