#include "libra/data/growing_file.h"

#include <gmock/gmock.h>

#include <fstream>

#include "toy.h"

namespace libra::data {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<uint64_t> episodes_in(const std::string& path) {
  const DemoFile file(path);
  std::vector<uint64_t> episodes;
  for (int i = 0; i < file.size(); ++i) episodes.push_back(file.read(i).episode);
  return episodes;
}

TEST(GrowingDemoFile, GoesOnAfterARunThatNeverJoined) {
  const TempFolder folder;
  const std::string path = folder / "a_demo.hdf5";
  {
    GrowingDemoFile file(path, toy_info());
    EXPECT_THAT(file.finished(), IsEmpty());
    file.add(2, toy_demo(3, 102));
    file.add(0, toy_demo(4, 100));
  }  // killed here: nothing joined
  std::ofstream(path + ".parts/1.hdf5.part") << "half";
  EXPECT_FALSE(std::filesystem::exists(path));
  GrowingDemoFile file(path, toy_info());
  EXPECT_THAT(file.finished(), ElementsAre(0, 2));
  EXPECT_FALSE(std::filesystem::exists(path + ".parts/1.hdf5.part"));
  file.add(1, toy_demo(5, 101));
  file.join();
  EXPECT_THAT(episodes_in(path), ElementsAre(100, 101, 102));
  EXPECT_FALSE(std::filesystem::exists(path + ".parts"));
}

TEST(GrowingDemoFile, AddsToWhatIsThereAndKeepsItToTheLastByte) {
  const TempFolder folder;
  const std::string path = folder / "a_demo.hdf5";
  {
    GrowingDemoFile file(path, toy_info());
    file.add(1, toy_demo(4, 101));
    file.join();
  }
  GrowingDemoFile file(path, toy_info());
  EXPECT_THAT(file.finished(), ElementsAre(1));
  file.add(0, toy_demo(3, 100));
  file.join();
  EXPECT_THAT(episodes_in(path), ElementsAre(100, 101));
  expect_same(DemoFile(path).read(1), toy_demo(4, 101));
}

TEST(GrowingDemoFile, IsTheFileThatOneRunWrites) {
  const TempFolder folder;
  {
    DemoFileWriter writer(folder / "whole_demo.hdf5", toy_info());
    for (int i = 0; i < 2; ++i) writer.append(toy_demo(3, uint64_t(i)), i);
    writer.finish();
    GrowingDemoFile grown(folder / "grown_demo.hdf5", toy_info());
    for (const int i : {1, 0}) grown.add(i, toy_demo(3, uint64_t(i)));
    grown.join();
  }
  const DemoFile whole(folder / "whole_demo.hdf5"), grown(folder / "grown_demo.hdf5");
  ASSERT_EQ(whole.size(), grown.size());
  for (int i = 0; i < whole.size(); ++i) {
    expect_same(grown.read(i), whole.read(i));
    EXPECT_EQ(whole.number(i), grown.number(i));
    EXPECT_EQ(whole.frames(i), grown.frames(i));
  }
}

TEST(GrowingDemoFile, RefusesFilesWhoseDemonstrationsHaveNoNumbers) {
  const TempFolder folder;
  const std::string path = folder / "a_demo.hdf5";
  DemoFileWriter writer(path, toy_info());
  writer.append(toy_demo(3, 7));
  writer.finish();
  EXPECT_THAT(message_of([&] { GrowingDemoFile(path, toy_info()); }),
              testing::AllOf(testing::HasSubstr("no numbers"), testing::HasSubstr("--overwrite")));
}

}  // namespace
}  // namespace libra::data
