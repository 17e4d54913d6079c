#include "libra/data/episode_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libra/core/error.h"
#include "libra/data/demo_file.h"
#include "tests/data/toy.h"

namespace libra::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

EpisodeSetOptions plain() {
  EpisodeSetOptions options;
  options.workers = 0;
  options.sides = {6};
  options.fit = [](const Image& image, int, Image& out) { out = image; };
  return options;
}

void write(const std::string& path, const std::vector<Demo>& demos) {
  DemoFileWriter writer(path, toy_info());
  for (const Demo& demo : demos) writer.append(demo);
  writer.finish();
}

TEST(EpisodeSet, ReadsEveryFileBelowTheFoldersInOrder) {
  const Folder folder;
  write(folder / "b/z_demo.hdf5", {toy_demo(3, 3)});
  write(folder / "b/a_demo.hdf5", {toy_demo(2, 2), toy_demo(4, 4)});
  write(folder / "single.hdf5", {toy_demo(5, 5)});
  const auto set = EpisodeSet::open({folder / "b", folder / "single.hdf5"}, plain());
  std::vector<uint64_t> order;
  for (const Demo& demo : set->demos()) order.push_back(demo.episode);
  EXPECT_THAT(order, ElementsAre(2, 4, 3, 5));
  EXPECT_EQ(set->frames(), 14);
  // Pictures are those of the demonstration.
  const Demo wrote = toy_demo(4, 4);
  std::vector<uint8_t> pictures(2 * 6 * 6 * 3);
  set->images(1, 3, 0, pictures.data());
  EXPECT_EQ(std::memcmp(pictures.data(), wrote.image(0, 3), 108), 0);
  EXPECT_EQ(std::memcmp(pictures.data() + 108, wrote.image(1, 3), 108), 0);
}

// A step without pictures of its own shows the last ones before it.
TEST(EpisodeSet, KnowsWhichStepsHavePictures) {
  const Folder folder;
  const Demo whole = toy_demo(9, 4);
  write(folder / "a_demo.hdf5", {thinned(whole, 4), toy_demo(2, 2)});
  const auto set = EpisodeSet::open({folder.path()}, plain());
  EXPECT_EQ(set->frames(), 11);
  for (int t = 0; t < 9; ++t) {
    std::vector<uint8_t> pictures(2 * 6 * 6 * 3);
    set->images(0, t, 0, pictures.data());
    EXPECT_EQ(std::memcmp(pictures.data(), whole.image(0, t / 4 * 4), 108), 0) << t;
    EXPECT_EQ(std::memcmp(pictures.data() + 108, whole.image(1, t / 4 * 4), 108), 0) << t;
  }
  std::vector<int> frames;
  set->decode(0, [&](int frame, std::vector<Image>& cameras) {
    frames.push_back(frame);
    EXPECT_EQ(std::memcmp(cameras[0].rgb.data(), whole.image(0, frame), 108), 0);
  });
  EXPECT_THAT(frames, ElementsAre(0, 4, 8));
}

TEST(EpisodeSet, SaysWhatIsMissing) {
  const Folder folder;
  EXPECT_THAT(message_of([&] { EpisodeSet::open({folder / "none"}, plain()); }),
              HasSubstr("no such file or folder"));
  EXPECT_THAT(message_of([&] { EpisodeSet::open({folder.path()}, plain()); }),
              HasSubstr("meta/info.json"));
}

TEST(EpisodeSet, SkipBadLeavesOutAndCountsWhatCannotBeRead) {
  const Folder folder;
  const std::string v21 = LIBRA_SOURCE_DIR "/tests/data/two_arms_v21";
  std::filesystem::copy(v21, folder / "set", std::filesystem::copy_options::recursive);
  std::filesystem::resize_file(folder / "set/data/chunk-000/episode_000003.parquet", 900);
  EpisodeSetOptions options = plain();
  EXPECT_THAT(message_of([&] { EpisodeSet::open({folder / "set"}, options); }),
              HasSubstr("episode_000003.parquet"));
  options.skip_bad = true;
  options.memory = ~uint64_t{0};
  const auto set = EpisodeSet::open({folder / "set"}, options);
  EXPECT_EQ(set->demos().size(), 7u);
  ASSERT_EQ(set->skipped().size(), 1u);
  EXPECT_THAT(set->skipped()[0], HasSubstr("episode_000003.parquet"));
}

TEST(EpisodeSet, SetsOfDifferentRobotsAreToldApart) {
  const Folder folder;
  write(folder / "a_demo.hdf5", {toy_demo(3, 3)});
  EXPECT_THAT(
      message_of([&] {
        EpisodeSet::open({folder.path(), LIBRA_SOURCE_DIR "/tests/data/two_arms_v30"}, plain());
      }),
      HasSubstr("does not fit"));
}

}  // namespace
}  // namespace libra::data
