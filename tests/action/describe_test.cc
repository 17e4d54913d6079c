#include "libra/action/describe.h"

#include <gtest/gtest.h>

#include <vector>

namespace libra::action {
namespace {

std::string words(const std::vector<Action>& actions) {
  const Binner binner = Binner::uniform(100);
  return describe(binner.intent(actions), binner);
}

TEST(Describe, NamesDirectionsAndSizes) {
  EXPECT_EQ(words({{0.9f, 0, -0.2f, 0, 0, 0, 1}}), "+x large, -z small, close");
  EXPECT_EQ(words({{0, -0.5f, 0, 0.3f, -0.7f, 0.4f, -1}}),
            "-y medium, +roll small, -pitch large, +yaw medium, open");
}

// An even number of bins has none around 0: what stands still lies in the bin above it.
TEST(Describe, TenBinsKnowStandingStill) {
  const Binner binner = Binner::uniform(10);
  const std::vector<Action> actions = {{0, 0.5f, 0, 0, 0, 0, -1}, {0, 0.5f, 0, 0, 0, 0, -1}};
  EXPECT_EQ(describe(binner.intent(actions), binner), "+y medium, open");
}

TEST(Describe, AveragesOverTheChunk) {
  EXPECT_EQ(words({{1, 0.5f, 0, 0, 0, 0, -1}, {0, -0.5f, 0, 0, 0, 0, -1}}), "+x medium, open");
}

TEST(Describe, StillAndChangingGripper) {
  EXPECT_EQ(words({{0.05f, 0, 0, 0, 0, 0, -1}}), "hold, open");
  EXPECT_EQ(words({{0, 0, 0, 0, 0, 0, -1}, {0, 0, 0, 0, 0, 0, 1}}), "hold, open then close");
  EXPECT_EQ(words({}), "hold");
}

}  // namespace
}  // namespace libra::action
