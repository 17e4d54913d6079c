#include "libra/data/demo_set.h"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/data/toy.h"

namespace libra::data {
namespace {

using testing::HasSubstr;

TEST(DemoSet, ReadsEveryFileBelowTheFoldersInOrder) {
  const Folder folder;
  toy_file(folder, 2, "b_demo.hdf5");
  toy_file(folder, 1, "a/z_demo.hdf5");
  toy_file(folder, 3, "single.hdf5");
  std::ofstream(folder / "scenes.hdf5") << "not a file of demonstrations";
  const DemoSet set = DemoSet::load({folder.path(), folder / "single.hdf5"});
  ASSERT_EQ(set.demos().size(), 6u);
  EXPECT_EQ(set.frames(), 5 + (5 + 6) + (5 + 6 + 7));
  EXPECT_EQ(set.demo(2).frames, 6);
  EXPECT_EQ(set.demo(5).actions, toy_demo(7, 2).actions);
  EXPECT_TRUE(set.demo(0).states.empty());
}

TEST(DemoSet, SaysWhatIsMissing) {
  const Folder folder;
  EXPECT_THAT(message_of([&] { DemoSet::load({folder / "none"}); }),
              HasSubstr("no such file or folder"));
  EXPECT_THAT(message_of([&] { DemoSet::load({folder.path()}); }),
              testing::AllOf(HasSubstr("there are no demonstrations"), HasSubstr("*_demo.hdf5")));
}

TEST(DemoSet, RefusesImagesOfDifferentSizes) {
  const Folder folder;
  toy_file(folder, 1, "a_demo.hdf5");
  DemoFileWriter writer(folder / "b_demo.hdf5", toy_info());
  writer.append(toy_demo(3, 1, 8));
  writer.finish();
  EXPECT_THAT(message_of([&] { DemoSet::load({folder.path()}); }),
              HasSubstr("expected 6 px, found 8 px"));
}

}  // namespace
}  // namespace libra::data
