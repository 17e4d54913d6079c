#include "libra/action/describe.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/toy_spec.h"

namespace libra::action {
namespace {

std::string words(const std::vector<Action>& actions) {
  const Binner binner = Binner::uniform(100);
  return describe(binner.intent(rows_of(actions)), binner, libero_panda());
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
  EXPECT_EQ(describe(binner.intent(rows_of(actions)), binner, libero_panda()), "+y medium, open");
}

TEST(Describe, AveragesOverTheChunk) {
  EXPECT_EQ(words({{1, 0.5f, 0, 0, 0, 0, -1}, {0, -0.5f, 0, 0, 0, 0, -1}}), "+x medium, open");
}

TEST(Describe, StillAndChangingGripper) {
  EXPECT_EQ(words({{0.05f, 0, 0, 0, 0, 0, -1}}), "hold, open");
  EXPECT_EQ(words({{0, 0, 0, 0, 0, 0, -1}, {0, 0, 0, 0, 0, 0, 1}}), "hold, open then close");
  EXPECT_EQ(words({}), "hold");
}

TEST(Describe, SeveralArmsHaveTheirNames) {
  const Embodiment aloha = load_embodiment("aloha");
  const Binner binner = Binner::uniform(100);
  Action action(14);
  action[0] = 0.9f;    // the left waist
  action[6] = 1.0f;    // the left gripper
  action[13] = -1.0f;  // the right one
  EXPECT_EQ(describe(binner.intent(rows_of({action})), binner, aloha),
            "+left waist large, left gripper closes, right gripper opens");
  for (size_t d = 0; d < 14; ++d) action[d] = d < 8 ? 0.5f : 0.3f;
  action[7] = -0.8f;
  EXPECT_EQ(describe(binner.intent(rows_of({action})), binner, aloha),
            "+left waist medium, +left shoulder medium, +left elbow medium, +left forearm roll "
            "medium, +left wrist angle medium, -right waist large, 6 more, left gripper closes, "
            "right gripper closes");
}

}  // namespace
}  // namespace libra::action
