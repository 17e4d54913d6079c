// In each suite the instruction decides: from one initial state, the expert that is told one thing
// reaches that goal and not the other, and the other way round.
#include <gtest/gtest.h>

#include <algorithm>

#include "libra/sim/sim.h"

namespace libra::sim {
namespace {

const std::string& start_of(const task::Problem& problem, const std::string& name) {
  static const std::string kNowhere;
  for (const task::Predicate& atom : problem.init)
    if (atom.args.size() == 2 && atom.args[0] == name) return atom.args[1];
  return kNowhere;
}

// The scene and initial states of one task under the instruction of another: what that one names
// is what starts in the same place here.
task::TaskSpec told(task::TaskSpec scene, const task::TaskSpec& other) {
  scene.task.instruction = other.task.instruction;
  scene.problem.goal = other.problem.goal;
  for (task::Predicate& atom : scene.problem.goal) {
    for (std::string& arg : atom.args) {
      const std::string start = start_of(other.problem, arg);
      if (start.empty()) continue;
      const auto& objects = scene.problem.objects;
      const auto here =
          std::find_if(objects.begin(), objects.end(), [&](const task::Instance& object) {
            return start_of(scene.problem, object.name) == start;
          });
      if (here != objects.end()) arg = here->name;
    }
  }
  return scene;
}

struct Pair {
  std::string suite, scene, other;
};
std::ostream& operator<<(std::ostream& out, const Pair& pair) { return out << pair.suite; }

class InstructionPairs : public ::testing::TestWithParam<Pair> {};

TEST_P(InstructionPairs, DecideInTheSameScene) {
  const task::SuiteSpec suite = load_suite(GetParam().suite);
  const task::TaskSpec& scene = suite.find_task(GetParam().scene);
  SimEnv one(scene), other(told(scene, suite.find_task(GetParam().other)));
  const EpisodeKey key{"libero", 0, 0, ""};
  one.reset(key);
  other.reset(key);
  ASSERT_EQ(one.state(), other.state());
  ASSERT_EQ(one.model_xml(), other.model_xml());
  ASSERT_NE(one.instruction(), other.instruction());
  const std::vector<task::Predicate> first = one.goal(), second = other.goal();
  const auto all = [](const SimEnv& env, const std::vector<task::Predicate>& goal) {
    return std::all_of(goal.begin(), goal.end(),
                       [&](const task::Predicate& atom) { return env.atom_holds(atom); });
  };
  EXPECT_TRUE(expert::run_expert(one, key).success);
  EXPECT_TRUE(all(one, first));
  EXPECT_FALSE(all(one, second));
  EXPECT_TRUE(expert::run_expert(other, key).success);
  EXPECT_TRUE(all(other, second));
  EXPECT_FALSE(all(other, first));
}

INSTANTIATE_TEST_SUITE_P(
    Suites, InstructionPairs,
    ::testing::Values(
        Pair{"spatial", "pick_up_the_black_bowl_on_the_stove_and_place_it_on_the_plate",
             "pick_up_the_black_bowl_on_the_wooden_cabinet_and_place_it_on_the_plate"},
        Pair{"goal", "put_the_bowl_on_the_stove", "turn_on_the_stove"},
        Pair{"goal", "put_the_wine_bottle_on_top_of_the_cabinet",
             "put_the_cream_cheese_in_the_bowl"},
        Pair{"long",
             "LIVING_ROOM_SCENE2_put_both_the_alphabet_soup_and_the_tomato_sauce_in_the_basket",
             "LIVING_ROOM_SCENE2_put_both_the_cream_cheese_box_and_the_butter_in_the_basket"}));

// Suite `object`: the key's target asks for another item of the same scene.
TEST(Instructions, DecideAmongTheItemsOfAScene) {
  SimEnv one(load_suite("object").tasks.at(0)), other(load_suite("object").tasks.at(0));
  const EpisodeKey key{"libero", 0, 0, ""};
  one.reset(key);
  const auto items = one.items();
  const auto asked = std::find_if(items.begin(), items.end(),
                                  [&](const std::string& item) { return item != one.target(); });
  ASSERT_NE(asked, items.end());
  const EpisodeKey swapped{"libero", 0, 0, *asked};
  other.reset(swapped);
  ASSERT_EQ(one.state(), other.state());
  ASSERT_NE(one.instruction(), other.instruction());
  const task::Predicate first = one.goal().at(0), second = other.goal().at(0);
  EXPECT_TRUE(expert::run_expert(one, key).success);
  EXPECT_TRUE(one.atom_holds(first));
  EXPECT_FALSE(one.atom_holds(second));
  EXPECT_TRUE(expert::run_expert(other, swapped).success);
  EXPECT_TRUE(other.atom_holds(second));
  EXPECT_FALSE(other.atom_holds(first));
}

}  // namespace
}  // namespace libra::sim
