// Memorisation tests in the simulator: where things stand, what the plain episode keeps, and what
// an episode comes to under someone who solves it, someone who replays the old task and someone who
// does not move.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "libra/core/error.h"
#include "libra/sim/engine/scene.h"
#include "libra/sim/sim.h"
#include "libra/sim/variation/memorisation.h"

namespace libra::sim::variation {
namespace {

EpisodeKey key_of(const std::string& variation, uint64_t episode = 0) {
  return {.seed = 11, .episode = episode, .variation = variation};
}

const Action kStill{0, 0, 0, 0, 0, 0, -1};

std::string place_of(const task::Problem& problem, const std::string& name) {
  for (const task::Predicate& atom : problem.init)
    if (atom.args.size() == 2 && atom.args[0] == name) return atom.args[1];
  return "nowhere";
}

class MemoryStart : public ::testing::TestWithParam<std::tuple<std::string, int>> {
 protected:
  static task::TaskSpec spec() {
    return load_suite(std::get<0>(GetParam()))
        .tasks.at(static_cast<size_t>(std::get<1>(GetParam())));
  }
};

// Everything stands in its region or on what it is said to stand on, and stays there.
void expect_settled(SimEnv& env) {
  std::vector<std::array<double, 3>> before;
  for (const engine::SceneObject& object : env.scene().objects()) {
    before.push_back(env.item_position(object.name));
    const task::Region* region = env.problem().find_region(place_of(env.problem(), object.name));
    if (region == nullptr || region->ranges.empty()) continue;
    constexpr double kSlack = .012;  // m, for settling
    const task::Rectangle& r = region->ranges.at(0);
    const auto& origin = env.scene().arena().origin;
    EXPECT_GT(before.back()[0], origin[0] + r.x0 - kSlack) << object.name;
    EXPECT_LT(before.back()[0], origin[0] + r.x1 + kSlack) << object.name;
    EXPECT_GT(before.back()[1], origin[1] + r.y0 - kSlack) << object.name;
    EXPECT_LT(before.back()[1], origin[1] + r.y1 + kSlack) << object.name;
  }
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(env.step(kStill).done);
  for (size_t i = 0; i < before.size(); ++i) {
    const engine::SceneObject& object = env.scene().objects()[i];
    for (size_t k = 0; k < 3; ++k)
      EXPECT_NEAR(env.item_position(object.name)[k], before[i][k], 2e-3) << object.name;
  }
}

TEST_P(MemoryStart, IsSettledWithBothGoalsOpen) {
  const task::TaskSpec task = spec();
  SimEnv env(task);
  env.reset(key_of(""));
  const std::vector<double> plain = env.state();
  const std::string scene = env.model_xml();
  for (const VariationKind& kind : variation_kinds()) {
    const std::string test(kind.name);
    if (kind.group != kMemorisation || !why_without(task, test).empty()) continue;
    SCOPED_TRACE(test);
    env.reset(key_of(test));
    const std::vector<double> tested = env.state();
    EXPECT_EQ(env.goal_holds(), false);
    const std::vector<task::Predicate>& old = env.old_task()->goal;
    const auto holds = [&](const task::Predicate& atom) { return env.atom_holds(atom); };
    EXPECT_FALSE(!old.empty() && std::all_of(old.begin(), old.end(), holds));
    if (test.ends_with("instruction")) {
      EXPECT_EQ(tested, plain);
      EXPECT_EQ(env.model_xml(), scene);
    } else {
      EXPECT_TRUE(tested != plain || env.model_xml() != scene);
      expect_settled(env);
    }
  }
  env.reset(key_of(""));
  EXPECT_EQ(env.state(), plain);
  EXPECT_EQ(env.instruction(), task.task.instruction);
  EXPECT_FALSE(env.old_task());
}

INSTANTIATE_TEST_SUITE_P(
    All, MemoryStart,
    ::testing::Combine(::testing::Values(std::string("spatial"), std::string("object"),
                                         std::string("goal"), std::string("long")),
                       ::testing::Range(0, 10)));

TEST(Memory, ExchangedThingsStandWhereTheOtherOneStood) {
  constexpr double kRegion = .05;  // side of a region of the floor (m)
  for (const char* layout : {"libero", "shuffled"}) {
    SimEnv env(load_suite("object").tasks.at(2));
    for (uint64_t episode = 0; episode < 4; ++episode) {
      EpisodeKey key = key_of("", episode);
      key.layout = layout;
      env.reset(key);
      std::map<std::string, std::array<double, 3>> plain;
      for (const std::string& item : env.items()) plain[item] = env.item_position(item);
      key.variation = "swapped_positions";
      env.reset(key);
      const std::string target = env.target();
      const std::string other = task::item_category(env.old_task()->goal.at(0).args.at(0));
      ASSERT_NE(target, other);
      for (const std::string& item : env.items()) {
        const std::string place = item == target ? other : item == other ? target : item;
        for (size_t k = 0; k < 2; ++k)
          EXPECT_NEAR(env.item_position(item)[k], plain.at(place)[k], kRegion) << item;
      }
    }
  }
}

StepResult play(SimEnv& env, SimEnv& seen_by_expert, std::vector<Action>* actions = nullptr) {
  expert::Expert expert;
  expert.reset(seen_by_expert);
  StepResult result;
  while (!result.done) {
    const Action action = expert.act(seen_by_expert);
    if (actions != nullptr) actions->push_back(action);
    result = seen_by_expert.step(action);
    if (&env != &seen_by_expert) result = env.step(action);
  }
  return result;
}

TEST(Memory, WhoSolvesTheTestReachesTheAskedGoal) {
  for (const auto& [suite, index, test] :
       {std::tuple{"object", 7, "swapped_positions"}, std::tuple{"object", 7, "replaced_target"},
        std::tuple{"object", 7, "swapped_instruction"},
        std::tuple{"spatial", 1, "swapped_positions"},
        std::tuple{"spatial", 1, "swapped_instruction"}, std::tuple{"goal", 8, "replaced_target"},
        std::tuple{"goal", 1, "swapped_positions"}}) {
    SCOPED_TRACE(std::string(suite) + " " + test);
    SimEnv env(load_suite(suite).tasks.at(static_cast<size_t>(index)));
    env.reset(key_of(test));
    const StepResult result = play(env, env);
    EXPECT_EQ(result.reached, Goal::kAsked);
    EXPECT_TRUE(result.success);
  }
}

// The same scene, so that the old task's actions do the old task again.
TEST(Memory, WhoReplaysTheOldTaskReachesTheOldGoal) {
  for (const char* test : {"swapped_instruction", "meaningless_instruction"}) {
    SimEnv env(load_suite("object").tasks.at(7)), old(load_suite("object").tasks.at(7));
    old.reset(key_of(""));
    env.reset(key_of(test));
    const StepResult result = play(env, old);
    EXPECT_EQ(result.reached, Goal::kOld) << test;
    EXPECT_FALSE(result.success) << test;
    EXPECT_TRUE(result.done) << test;
  }
}

// Taking what stands where the target used to stand is the old goal of exchanged positions.
TEST(Memory, WhoGoesToTheOldPlaceReachesTheOldGoal) {
  SimEnv env(load_suite("object").tasks.at(7)), old(load_suite("object").tasks.at(7));
  env.reset(key_of("swapped_positions"));
  EpisodeKey key = key_of("");
  key.target = task::item_category(env.old_task()->goal.at(0).args.at(0));
  old.reset(key);
  old.set_state(env.state());
  EXPECT_EQ(old.target(), key.target);
  EXPECT_EQ(play(env, old).reached, Goal::kOld);
}

TEST(Memory, WhoDoesNotMoveReachesNothing) {
  SimEnv env(load_suite("object").tasks.at(7));
  for (const VariationKind& kind : variation_kinds()) {
    if (kind.group != kMemorisation) continue;
    env.reset(key_of(std::string(kind.name)));
    StepResult result;
    while (!result.done) {
      EXPECT_FALSE(result.success);
      result = env.step(kStill);
    }
    EXPECT_EQ(env.step_count(), env.task().max_steps);
    EXPECT_EQ(result.reached, Goal::kNone);
    EXPECT_EQ(result.success, kind.name == "meaningless_instruction") << kind.name;
  }
}

TEST(Memory, WhatCannotBeTestedSaysWhy) {
  SimEnv env(load_suite("goal").find_task("turn_on_the_stove"));
  const auto refusal = [&](EpisodeKey key) -> std::string {
    try {
      env.reset(key);
    } catch (const Error& e) {
      return e.what();
    }
    return "accepted";
  };
  EXPECT_NE(refusal(key_of("swapped_positions")).find("moves no thing"), std::string::npos);
  EXPECT_EQ(refusal(key_of("")), "accepted");
  EpisodeKey both = key_of("meaningless_instruction");
  both.target = "plate";
  EXPECT_NE(refusal(both).find("decides itself"), std::string::npos);
}

TEST(Language, AnEpisodeHearsOtherWordsForTheSameTask) {
  const task::TaskSpec spec = load_suite("long").tasks.at(2);
  SimEnv env(spec);
  env.reset(key_of(""));
  const std::vector<double> plain = env.state();
  std::set<std::string> heard{env.instruction()};
  for (int level = 1; level <= kVariationLevels; ++level) {
    env.reset(key_of("language.rewording:" + std::to_string(level)));
    EXPECT_TRUE(heard.insert(env.instruction()).second) << env.instruction();
    EXPECT_EQ(env.state(), plain);
    EXPECT_EQ(env.goal().size(), 2u);
    EXPECT_FALSE(env.old_task());
  }
  env.reset(key_of("language.distraction:5"));
  EXPECT_NE(env.instruction().find(spec.task.instruction), std::string::npos);
  EXPECT_GT(env.instruction().size(), spec.task.instruction.size() + 100);
}

}  // namespace
}  // namespace libra::sim::variation
