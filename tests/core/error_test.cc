#include "libra/core/error.h"

#include <gtest/gtest.h>

namespace libra {
namespace {

TEST(Error, OneLineFromItsParts) {
  const Error e(ErrorCode::kBadInput, {.where = "a.h5",
                                       .problem = "wrong shape",
                                       .expected = "[5, 7]",
                                       .found = "[5]",
                                       .next = "collect again"});
  EXPECT_STREQ(e.what(), "a.h5: wrong shape: expected [5, 7], found [5]; collect again");
  EXPECT_EQ(e.exit_code(), 2);
  EXPECT_EQ(Error(ErrorCode::kFailed, "x").exit_code(), 1);
  EXPECT_EQ(Error(ErrorCode::kNotFound, "x").exit_code(), 2);
}

TEST(NearestName, FindsTyposAndRefusesStrangers) {
  const std::vector<std::string> known = {"object", "spatial", "goal"};
  EXPECT_EQ(nearest_name("objetc", known), "object");
  EXPECT_EQ(nearest_name("goals", known), "goal");
  EXPECT_EQ(nearest_name("zzzzzz", known), "");
}

}  // namespace
}  // namespace libra
