// Demonstrations: a function of their key, labelled by the expert in the states that were visited,
// and true when they are played back.
#include "libra/collect/demonstrator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "libra/collect/playback.h"
#include "tests/support/message_of.h"

namespace libra::collect {
namespace {

const sim::SimConfig kSmall = {.image_size = 32};
const EpisodeKey kKey = {.layout = "shuffled", .seed = 1'000'003, .episode = 4};

sim::task::TaskSpec task() { return sim::load_suite("object").tasks.at(2); }

data::Demo demonstrate(const DemonstrationConfig& config, const EpisodeKey& key = kKey) {
  Demonstrator demonstrator(task(), kSmall, config);
  data::Demo demo;
  EXPECT_TRUE(demonstrator.demonstrate(key, demo));
  return demo;
}

TEST(Demonstrator, IsAFunctionOfItsKey) {
  const DemonstrationConfig disturbed = {.noisy_share = 1.0, .detour_share = 1.0};
  const data::Demo a = demonstrate(disturbed), b = demonstrate(disturbed);
  EXPECT_EQ(a.actions, b.actions);
  EXPECT_EQ(a.states, b.states);
  EXPECT_EQ(a.images, b.images);
  // The same after another episode of the same demonstrator.
  Demonstrator again(task(), kSmall, disturbed);
  data::Demo other, c;
  ASSERT_TRUE(again.demonstrate({.layout = "libero", .seed = 1'000'003, .episode = 5}, other));
  ASSERT_TRUE(again.demonstrate(kKey, c));
  EXPECT_EQ(a.actions, c.actions);
  EXPECT_NE(a.states, other.states);
}

// Fewer pictures change nothing else, and those that are kept are the same.
TEST(Demonstrator, KeepsPicturesOfSomeStepsAlone) {
  const data::Demo all = demonstrate({}), some = demonstrate({.every = 5});
  EXPECT_EQ(some.actions, all.actions);
  EXPECT_EQ(some.states, all.states);
  EXPECT_EQ(some.proprio, all.proprio);
  data::check(some, "some");
  const auto bytes = size_t(all.height) * size_t(all.width) * 3;
  for (size_t c = 0; c < 2; ++c) {
    EXPECT_EQ(some.images[c].size(), size_t((all.frames + 4) / 5) * bytes);
    for (int t = 0; t < all.frames; t += 5) {
      EXPECT_TRUE(std::equal(some.image(c, t), some.image(c, t) + bytes, all.image(c, t))) << t;
    }
  }
}

TEST(Demonstrator, PlayedBackItIsWhatWasRecorded) {
  const data::Demo demo = demonstrate({.noisy_share = 1.0, .detour_share = 1.0});
  sim::SimEnv env(task(), kSmall);
  const Playback played = play_back(env, demo);
  EXPECT_TRUE(played.success);
  EXPECT_LT(played.hand_off, 1e-4);
  data::Demo blind = demo;
  blind.states.clear();
  EXPECT_THAT(message_of([&] { play_back(env, blind); }),
              testing::HasSubstr("no simulator states"));
}

// In each state that was visited the expert, asked again, says what the label says.
TEST(Demonstrator, LabelsAreTheExpertsInTheStatesVisited) {
  const data::Demo demo = demonstrate({.noisy_share = 1.0, .detour_share = 0.0});
  sim::SimEnv env(task(), kSmall);
  env.reset(kKey);
  int compared = 0;
  for (size_t t = 0; t < size_t(demo.frames); t += 9) {
    env.set_state(demo.states[t]);
    sim::expert::Expert expert;
    expert.reset(env);
    const Action action = expert.act(env);
    for (size_t d = 0; d < 3; ++d) EXPECT_NEAR(action[d], demo.expert_actions[t][d], 0.02) << t;
    ++compared;
  }
  EXPECT_GT(compared, 5);
}

TEST(Demonstrator, WithoutDisturbanceTheExpertsActionsAreExecuted) {
  const data::Demo clean = demonstrate({.noisy_share = 0.0, .detour_share = 0.0});
  EXPECT_EQ(clean.actions, clean.expert_actions);
  EXPECT_EQ(std::count(clean.perturbed.begin(), clean.perturbed.end(), 1), 0);
  EXPECT_EQ(clean.success.back(), 1);
  // Three frames behind success, in which the hand lets go and leaves.
  EXPECT_EQ(std::count(clean.success.begin(), clean.success.end(), 1), 4);
  const data::Demo pushed = demonstrate({.push = 0.06, .noisy_share = 1.0, .detour_share = 0.0});
  int pushes = 0;
  for (size_t t = 0; t < size_t(pushed.frames); ++t) {
    double length = 0;
    for (size_t d = 0; d < 3; ++d) length += std::pow(pushed.actions[t][d], 2);
    if (pushed.perturbed[t] == 0) continue;
    ++pushes;
    EXPECT_NEAR(std::sqrt(length), 1.0, 1e-3) << "a push has unit length";
  }
  EXPECT_GT(pushes, 3);
}

// Where an item is seen follows from the state alone.
TEST(Demonstrator, ItemsAreLabelledWhereTheCamerasSeeThem) {
  const data::Demo demo = demonstrate({.noisy_share = 0.0, .detour_share = 0.0});
  ASSERT_GE(demo.target_index(), 0);
  const auto item = size_t(demo.target_index());
  EXPECT_EQ(demo.item_uv.size(), size_t(demo.frames) * demo.items.size() * 4);
  sim::SimEnv env(task(), kSmall);
  env.reset(kKey);
  for (const int t : {0, demo.frames / 2, demo.frames - 1}) {
    env.set_state(demo.states[size_t(t)]);
    const auto at = env.item_position(demo.target);
    for (size_t d = 0; d < 3; ++d) EXPECT_NEAR(demo.position(t, item)[d], at[d], 1e-6);
    double u = 0, v = 0;
    ASSERT_TRUE(env.project("agentview", at, u, v));
    EXPECT_NEAR(demo.uv(t)[item * 4], u, 1e-6);
    EXPECT_NEAR(demo.uv(t)[item * 4 + 1], v, 1e-6);
  }
}

}  // namespace
}  // namespace libra::collect
