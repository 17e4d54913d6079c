#include "libra/core/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "libra/core/error.h"
#include "tests/support/message_of.h"
#include "tests/support/temp_folder.h"

namespace libra {
namespace {

TEST(File, BytesComeBackAsTheyWere) {
  const TempFolder folder;
  const std::string path = folder / "file";
  const std::string bytes("a\0\r\n\xff", 5);
  write_file(path, bytes);
  EXPECT_EQ(read_file(path), bytes);
}

TEST(File, WhatIsNotThereIsNamedWithWhatWasExpected) {
  try {
    read_file("/nowhere/config.json", "a model folder", "make one");
    FAIL() << "read";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kNotFound);
    EXPECT_THAT(std::string(e.what()), testing::AllOf(testing::HasSubstr("/nowhere/config.json"),
                                                      testing::HasSubstr("expected a model folder"),
                                                      testing::HasSubstr("make one")));
  }
  EXPECT_THROW(write_file("/nowhere/x", ""), Error);
}

TEST(File, IsTheOldOneUntilTheNewOneIsWhole) {
  const TempFolder folder;
  const std::string path = folder / "file";
  write_file(path, "old");
  {
    FileWriter writer(path);
    writer.write("ne", 2);
    EXPECT_EQ(read_file(path), "old");
  }  // given up
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
  FileWriter writer(path);
  writer.write("new", 3);
  writer.finish();
  EXPECT_EQ(read_file(path), "new");
}

TEST(ReplacePath, ExchangesFoldersAsAWhole) {
  const TempFolder folder;
  const std::string fresh = folder / "run.new", kept = folder / "run";
  for (const char* version : {"1", "2"}) {
    std::filesystem::create_directories(fresh + "/deep");
    write_file(fresh + "/deep/file", version);
    replace_path(fresh, kept);
    EXPECT_EQ(read_file(kept + "/deep/file"), version);
    EXPECT_FALSE(std::filesystem::exists(fresh));
  }
}

TEST(LineJournal, DropsWhatAKillCutShort) {
  const TempFolder folder;
  const std::string path = folder / "log";
  LineJournal(path).append("one");
  std::ofstream(path, std::ios::app) << "tw";
  LineJournal(path).append("three");
  EXPECT_EQ(read_file(path), "one\nthree\n");
}

TEST(RequireSpace, NamesWhatIsNeededAndWhatIsThere) {
  const TempFolder folder;
  require_space(folder.path(), 1, "a byte");
  require_space(folder / "not/there/yet", 1, "a byte");
  EXPECT_THAT(message_of([&] { require_space(folder.path(), uint64_t{1} << 62, "too much"); }),
              testing::AllOf(testing::HasSubstr("too much"), testing::HasSubstr("MB free")));
}

TEST(FileHash, TellsFilesApart) {
  const TempFolder folder;
  write_file(folder / "a", "12345678");
  write_file(folder / "b", std::string_view("12345678\0", 9));
  write_file(folder / "c", "12345678");
  EXPECT_EQ(file_hash(folder / "a"), file_hash(folder / "c"));
  EXPECT_NE(file_hash(folder / "a"), file_hash(folder / "b"));
}

// A disk without room: /dev/full takes no byte.
TEST(File, AFullDiskIsSaidWithTheFileAndTheSpace) {
  EXPECT_THAT(message_of([] {
                LineJournal journal("/dev/full");
                journal.append("line");
              }),
              testing::HasSubstr("/dev/full"));
}

}  // namespace
}  // namespace libra
