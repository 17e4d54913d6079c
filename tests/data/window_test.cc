#include "libra/data/window.h"

#include <gtest/gtest.h>

#include "tests/data/toy.h"

namespace libra::data {
namespace {

// Eight frames; the gripper closes at 3 and opens at 6; a push is executed at 2 and 4.
Demo hand_made() {
  Demo demo = toy_demo(8, 1);
  const float gripper[] = {-1, -1, -1, 1, 1, 1, -1, -1};
  const uint8_t pushed[] = {0, 0, 1, 0, 1, 0, 0, 0};
  for (size_t t = 0; t < 8; ++t) {
    demo.expert_actions.set(t, Action{static_cast<float>(t) / 10, 0, 0, 0, 0, 0, gripper[t]});
    demo.perturbed[t] = pushed[t];
    demo.proprio[t][0] = 0.1 * static_cast<double>(t);
    demo.proprio[t][1] = -0.2 * static_cast<double>(t);
    demo.proprio[t][2] = 1.0;
  }
  return demo;
}

struct Labels {
  std::vector<int> index;  // of the expert action, from its first number
  std::vector<uint8_t> valid;
};

Labels labels(int t, size_t length) {
  Rows<float> actions(length, 7);
  Labels out;
  out.valid.resize(length);
  label_window(hand_made(), t, actions, out.valid);
  for (size_t i = 0; i < length; ++i) {
    out.index.push_back(static_cast<int>(std::lround(actions[i][0] * 10)));
  }
  return out;
}

using Ints = std::vector<int>;
using Bytes = std::vector<uint8_t>;

TEST(LabelWindow, IsMaskedFromTheActionAfterAPush) {
  // The expert's answer at 2 is foreseen; what it says at 3 depends on the push that happened at 2.
  EXPECT_EQ(labels(0, 5).index, (Ints{0, 1, 2, 3, 4}));
  EXPECT_EQ(labels(0, 5).valid, (Bytes{1, 1, 1, 0, 0}));
  EXPECT_EQ(labels(2, 3).valid, (Bytes{1, 0, 0}));
  EXPECT_EQ(labels(3, 4).valid, (Bytes{1, 1, 0, 0}));
}

TEST(LabelWindow, RepeatsTheLastActionBehindTheEndAndMasksIt) {
  EXPECT_EQ(labels(6, 5).index, (Ints{6, 7, 7, 7, 7}));
  EXPECT_EQ(labels(6, 5).valid, (Bytes{1, 1, 0, 0, 0}));
  EXPECT_EQ(labels(7, 10).valid, (Bytes{1, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(NextKeyframe, IsWhereTheGripperCommandChangesNext) {
  const Demo demo = hand_made();
  const int expected[] = {3, 3, 3, 6, 6, 6, 7, 7};
  for (int t = 0; t < 8; ++t)
    EXPECT_EQ(Keyframes::of(libero_panda())->next(demo, t), expected[t]) << t;
}

TEST(NextKeyframe, OffsetIsInMetresFromHere) {
  const auto offset = Keyframes::of(libero_panda())->offset(hand_made(), 1);
  EXPECT_NEAR(offset[0], 0.2, 1e-12);
  EXPECT_NEAR(offset[1], -0.4, 1e-12);
  EXPECT_NEAR(offset[2], 0.0, 1e-12);
  EXPECT_EQ(Keyframes::of(libero_panda())->offset(hand_made(), 7),
            (std::array<double, 3>{0, 0, 0}));
}

}  // namespace
}  // namespace libra::data
