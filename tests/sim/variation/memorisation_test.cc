// Memorisation tests: what they do to a task file, and what a faulty memorisation.json gets.
#include "libra/sim/variation/memorisation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "libra/core/file.h"
#include "libra/sim/suite.h"
#include "tests/support/message_of.h"

namespace libra::sim::variation {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string kSuites = LIBRA_SOURCE_DIR "/assets/suites/";
constexpr const char* kTests[] = {"swapped_positions", "replaced_target", "swapped_instruction",
                                  "meaningless_instruction"};

std::string place_of(const task::Problem& problem, const std::string& name) {
  for (const task::Predicate& atom : problem.init)
    if (atom.args.size() == 2 && atom.args[0] == name) return atom.args[1];
  return "nowhere";
}

task::TaskSpec tested(const task::TaskSpec& spec, const char* test, uint64_t seed) {
  task::TaskSpec episode = spec;
  Rng rng(seed);
  put_to_test(episode, test, rng);
  return episode;
}

TEST(Memorisation, TasksWithoutATestAreKnown) {
  std::vector<std::string> without;
  for (const char* name : {"spatial", "object", "goal", "long"}) {
    for (const task::TaskSpec& spec : load_suite(name).tasks) {
      for (const char* test : kTests) {
        const std::string why = why_without_test(spec, test);
        if (why.empty()) continue;
        without.push_back(std::string(test) + ": " + spec.task.instruction);
        EXPECT_THAT(message_of([&] { tested(spec, test, 1); }),
                    AllOf(HasSubstr(spec.task.name), HasSubstr(test), HasSubstr(why)));
      }
    }
  }
  EXPECT_THAT(
      without,
      ElementsAre(
          "swapped_positions: open the middle drawer of the cabinet",
          "swapped_positions: turn on the stove", "replaced_target: turn on the stove",
          "replaced_target: put the wine bottle on the rack",
          "swapped_instruction: turn on the stove and put the moka pot on it",
          "replaced_target: pick up the book and place it in the back compartment of the caddy",
          "swapped_positions: put both moka pots on the stove",
          "swapped_positions: put the yellow and white mug in the microwave and close it",
          "replaced_target: put the yellow and white mug in the microwave and close it",
          "swapped_instruction: put the yellow and white mug in the microwave and close it"));
}

TEST(Memorisation, PositionsOfTwoItemsAreExchangedAndNothingElse) {
  const task::TaskSpec spec =
      load_suite("object").find_task("pick_up_the_milk_and_place_it_in_the_basket");
  std::set<std::string> partners;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const task::TaskSpec episode = tested(spec, "swapped_positions", seed);
    EXPECT_EQ(episode.task.instruction, spec.task.instruction);
    std::vector<std::string> moved;
    for (const task::Instance& object : spec.problem.objects) {
      if (place_of(episode.problem, object.name) != place_of(spec.problem, object.name))
        moved.push_back(object.name);
    }
    ASSERT_EQ(moved.size(), 2u);
    ASSERT_EQ(moved[0], "milk_1");
    EXPECT_EQ(place_of(episode.problem, moved[1]), "floor_target_object_region");
    EXPECT_EQ(place_of(episode.problem, "milk_1"), place_of(spec.problem, moved[1]));
    ASSERT_TRUE(episode.old);
    EXPECT_EQ(episode.old->goal.at(0).args.at(0), moved[1]);
    EXPECT_EQ(episode.problem.goal.at(0).args.at(0), "milk_1");
    partners.insert(moved[1]);
  }
  EXPECT_EQ(partners.size(), 5u);
}

// Where a bowl is told by what it stands by, the relation holds after the exchange as well.
TEST(Memorisation, ExchangesKeepTheInstructionTrue) {
  const task::SuiteSpec suite = load_suite("spatial");
  const task::TaskSpec episode = tested(suite.tasks[1], "swapped_positions", 3);
  const std::string ramekin = place_of(episode.problem, "glazed_rim_porcelain_ramekin_1");
  EXPECT_EQ(ramekin, "main_table_box_region");
  EXPECT_EQ(place_of(episode.problem, "akita_black_bowl_1"), "main_table_next_to_box_region");
  EXPECT_EQ(place_of(episode.problem, "cookies_1"), "main_table_ramekin_region");
  EXPECT_EQ(place_of(episode.problem, "akita_black_bowl_2"), "main_table_next_to_ramekin_region");
  // From memory one would take the other bowl.
  EXPECT_THAT(episode.old->goal.at(0).args, ElementsAre("akita_black_bowl_2", "plate_1"));
  // On the ramekin: the cookie box with the other bowl on top is where the ramekin was.
  const task::TaskSpec stacked = tested(suite.tasks[5], "swapped_positions", 3);
  EXPECT_THAT(stacked.old->goal.at(0).args, ElementsAre("akita_black_bowl_2", "plate_1"));
  // Between plate and ramekin: the bowl stays, the plate is elsewhere.
  const task::TaskSpec between = tested(suite.tasks[0], "swapped_positions", 3);
  EXPECT_THAT(between.old->goal.at(0).args,
              ElementsAre("akita_black_bowl_1", "glazed_rim_porcelain_ramekin_1"));
}

TEST(Memorisation, TheReplacementIsNewAndNamed) {
  const task::TaskSpec spec =
      load_suite("object").find_task("pick_up_the_milk_and_place_it_in_the_basket");
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const task::TaskSpec episode = tested(spec, "replaced_target", seed);
    const std::string& now = task::goal_target(episode.problem);
    EXPECT_EQ(spec.problem.find_object(now), nullptr) << now;
    EXPECT_EQ(episode.problem.find_object("milk_1"), nullptr);
    EXPECT_EQ(place_of(episode.problem, now), "floor_target_object_region");
    EXPECT_EQ(episode.task.instruction,
              "pick up the " + task::item_phrase(now) + " and place it in the basket");
    EXPECT_THAT(episode.old->goal, IsEmpty());
  }
  // Another black bowl is left: what the old words would still mean.
  const task::TaskSpec bowl = tested(load_suite("spatial").tasks[1], "replaced_target", 1);
  EXPECT_THAT(bowl.old->goal.at(0).args, ElementsAre("akita_black_bowl_2", "plate_1"));
  EXPECT_THAT(bowl.task.instruction, HasSubstr("mug next to the ramekin"));
  // A fixture: its regions go with it.
  const task::TaskSpec drawer = tested(load_suite("goal").tasks[0], "replaced_target", 1);
  EXPECT_THAT(drawer.problem.goal.at(0).args, ElementsAre("white_cabinet_1_middle_region"));
  EXPECT_NE(drawer.problem.find_region("white_cabinet_1_middle_region"), nullptr);
  EXPECT_EQ(drawer.problem.find_region("wooden_cabinet_1_middle_region"), nullptr);
  EXPECT_EQ(place_of(drawer.problem, "white_cabinet_1"), "main_table_cabinet_region");
}

TEST(Memorisation, TheOtherInstructionHasAnotherGoalInTheSameScene) {
  for (const char* name : {"spatial", "object", "goal", "long"}) {
    for (const task::TaskSpec& spec : load_suite(name).tasks) {
      if (!why_without_test(spec, "swapped_instruction").empty()) continue;
      for (uint64_t seed = 0; seed < 10; ++seed) {
        const task::TaskSpec episode = tested(spec, "swapped_instruction", seed);
        EXPECT_NE(episode.task.instruction, spec.task.instruction);
        EXPECT_EQ(episode.problem.init.size(), spec.problem.init.size());
        for (const task::Instance& object : spec.problem.objects)
          EXPECT_EQ(place_of(episode.problem, object.name), place_of(spec.problem, object.name));
        for (const task::Predicate& atom : episode.problem.goal) {
          for (const std::string& arg : atom.args) {
            EXPECT_TRUE(spec.problem.find_object(arg) || spec.problem.find_region(arg) ||
                        spec.problem.find_fixture(arg))
                << arg;
          }
        }
        EXPECT_EQ(episode.old->goal.at(0).args, spec.problem.goal.at(0).args);
        EXPECT_TRUE(episode.old->asks);
      }
    }
  }
}

TEST(Memorisation, TasksOfOneSceneLendEachOtherTheirInstructions) {
  const task::SuiteSpec goal = load_suite("goal"), spatial = load_suite("spatial");
  for (size_t i = 0; i < goal.tasks.size(); ++i)
    EXPECT_EQ(tasks_of_scene(goal.tasks, i).size(), 9u) << i;
  // The bowl of another task has to stand where that task has it.
  for (size_t i = 0; i < spatial.tasks.size(); ++i) {
    const auto others = tasks_of_scene(spatial.tasks, i);
    ASSERT_EQ(others.size(), 1u) << i;
    EXPECT_THAT(others[0].goal.at(0).args, ElementsAre("akita_black_bowl_2", "plate_1"));
  }
  EXPECT_EQ(tasks_of_scene(spatial.tasks, 1).at(0).instruction, spatial.tasks[6].task.instruction);
  EXPECT_THAT(tasks_of_scene(load_suite("object").tasks, 0), IsEmpty());
}

TEST(Memorisation, MeaninglessWordsNameNothing) {
  const task::SuiteSpec suite = load_suite("goal");
  std::set<std::string> all;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const task::TaskSpec episode = tested(suite.tasks[8], "meaningless_instruction", seed);
    all.insert(episode.task.instruction);
    EXPECT_FALSE(episode.old->asks);
    EXPECT_EQ(episode.task.instruction,
              tested(suite.tasks[8], "meaningless_instruction", seed).task.instruction);
    for (const char* name : {"spatial", "object", "goal", "long"}) {
      if (seed > 3) break;
      for (const task::TaskSpec& spec : load_suite(name).tasks) {
        const std::string padded = " " + spec.task.instruction + " ";
        std::istringstream words(episode.task.instruction);
        for (std::string word; words >> word;)
          EXPECT_THAT(padded, Not(HasSubstr(" " + word + " ")));
      }
    }
  }
  EXPECT_GT(all.size(), 45u);
}

class FaultyMemorisation : public ::testing::Test {
 protected:
  void SetUp() override {
    json_ = nlohmann::json::parse(read_file(kSuites + "goal/memorisation.json"));
    suite_ = load_suite("goal");
    path_ = (std::filesystem::temp_directory_path() /
             ("libra_memorisation_" + std::to_string(::getpid()) + ".json"))
                .string();
  }
  void TearDown() override { std::filesystem::remove(path_); }
  std::string refusal_of(const std::string& text) {
    write_file(path_, text);
    return message_of([&] { read_memory_tests(path_, suite_.tasks, suite_.summary()); });
  }
  std::string refusal() { return refusal_of(json_.dump()); }
  nlohmann::json& bowl() { return json_["put_the_bowl_on_the_stove"]; }

  nlohmann::json json_;
  task::SuiteSpec suite_;
  std::string path_;
};

TEST_F(FaultyMemorisation, NamesFileAndKey) {
  EXPECT_EQ(refusal(), "no error");
  const nlohmann::json good = json_;
  json_["put_the_bowl_on_the_stofe"] = 1;
  EXPECT_THAT(refusal(), AllOf(HasSubstr(path_), HasSubstr("'put_the_bowl_on_the_stove'")));
  json_ = good;
  bowl()["replaced_targets"] = 1;
  EXPECT_THAT(refusal(), HasSubstr("did you mean 'replaced_target'"));
  json_ = good;
  bowl()["replaced_target"][0]["thing"] = "akita_black_bowl_7";
  EXPECT_THAT(refusal(), HasSubstr("put_the_bowl_on_the_stove.replaced_target[0].thing"));
  json_ = good;
  bowl()["replaced_target"][0]["by"] = "submarine";
  EXPECT_THAT(refusal(), AllOf(HasSubstr("replaced_target[0].by"), HasSubstr("porcelain_mug")));
  bowl()["replaced_target"][0]["by"] = "plate";
  EXPECT_THAT(refusal(), HasSubstr("in the task file already"));
}

TEST_F(FaultyMemorisation, NamesPlacesAndGoalsThatMakeNoTest) {
  const nlohmann::json good = json_;
  const auto parse = [](const std::string& text) { return nlohmann::json::parse(text); };
  bowl()["swapped_positions"] = parse(R"([[["main_table_plate_region", "moon_region"]]])");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("swapped_positions[0][0][1]"), HasSubstr("no place")));
  bowl()["swapped_positions"] =
      parse(R"([[["main_table_stove_front_region", "wine_rack_1_top_region"]]])");
  EXPECT_THAT(refusal(), HasSubstr("moves nothing"));
  json_ = good;
  const auto other = [&](const std::string& goal) {
    bowl()["swapped_instruction"] = parse(R"([{"instruction": "do it", "goal": )" + goal + "}]");
    return refusal();
  };
  EXPECT_EQ(other(R"([["turnon", "flat_stove_1"]])"), "no error");
  EXPECT_THAT(other(R"([["explode", "flat_stove_1"]])"), HasSubstr("turnoff"));
  EXPECT_THAT(other(R"([["on", "akita_black_bowl_1"]])"), HasSubstr("number of arguments"));
  EXPECT_THAT(other(R"([["on", "akita_black_bowl_1", "moon"]])"), HasSubstr("goal[0][2]"));
  EXPECT_THAT(other(R"([["on", "akita_black_bowl_1", "flat_stove_1_cook_region"],
                        ["turnon", "flat_stove_1"]])"),
              HasSubstr("cannot be told from the task itself"));
  EXPECT_THAT(other("[]"), HasSubstr("a list of 1 to"));
}

TEST_F(FaultyMemorisation, NeverCrashes) {
  const std::string whole = json_.dump();
  for (size_t cut = 0; cut < whole.size(); cut += 173)
    EXPECT_THAT(refusal_of(whole.substr(0, cut)), HasSubstr(path_)) << cut;
  EXPECT_THAT(refusal_of("[]"), HasSubstr("a JSON object"));
}

}  // namespace
}  // namespace libra::sim::variation
