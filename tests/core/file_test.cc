#include "libra/core/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libra/core/error.h"

namespace libra {
namespace {

TEST(File, BytesComeBackAsTheyWere) {
  const std::string path = testing::TempDir() + "/libra_file_test";
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

}  // namespace
}  // namespace libra
