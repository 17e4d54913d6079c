// The grid of pictures: everything has its place, labels are drawn.
#include "libra/media/contact_sheet.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace libra::media {
namespace {

Image plain(int side, uint8_t value) {
  Image image(side, side);
  std::fill(image.rgb.begin(), image.rgb.end(), value);
  return image;
}
int pixels_of(const Image& image, uint8_t value) {
  int count = 0;
  for (size_t i = 0; i < image.rgb.size(); i += 3)
    count += image.rgb[i] == value && image.rgb[i + 1] == value && image.rgb[i + 2] == value;
  return count;
}
int dark_pixels(const Image& image) {
  int count = 0;
  for (size_t i = 0; i < image.rgb.size(); i += 3) count += image.rgb[i] < 60;
  return count;
}

TEST(ContactSheet, ShowsEveryCellWhole) {
  ContactSheet sheet{
      "title", {"a", "b"}, {{"one", {plain(20, 77), plain(20, 88)}}, {"two", {plain(20, 99)}}}};
  const Image image = contact_sheet(sheet);
  EXPECT_EQ(pixels_of(image, 77), 400);
  EXPECT_EQ(pixels_of(image, 88), 400);
  EXPECT_EQ(pixels_of(image, 99), 400);
}

TEST(ContactSheet, EveryLetterThatLabelsUseIsDrawn) {
  const auto dark = [](const std::string& title) {
    return dark_pixels(contact_sheet({title, {}, {{"", {plain(8, 200)}}}}));
  };
  EXPECT_EQ(dark(" "), 0);
  for (const char letter : std::string("abcdefghijklmnopqrstuvwxyz0123456789.,:-_/()'%+"))
    EXPECT_GT(dark(std::string(1, letter)), 0) << letter;
  EXPECT_EQ(dark("A"), dark("a"));
}

TEST(ContactSheet, CaptionsMakeRoomAndLongTitlesWiden) {
  ContactSheet sheet{"", {}, {{"r", {plain(60, 200)}}}};
  const Image bare = contact_sheet(sheet);
  sheet.rows[0].captions = {"pick up the milk and place it in the basket"};
  const Image told = contact_sheet(sheet);
  EXPECT_GT(told.height, bare.height + 20) << "several lines";
  EXPECT_EQ(told.width, bare.width);
  sheet.title = std::string(100, 'x');
  EXPECT_GT(contact_sheet(sheet).width, 1000);
}

TEST(ContactSheet, AnEmptyOneIsAnImageToo) {
  const Image image = contact_sheet({});
  EXPECT_GT(image.width, 0);
  EXPECT_GT(image.height, 0);
}

}  // namespace
}  // namespace libra::media
