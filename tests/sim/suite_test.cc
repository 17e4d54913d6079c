#include "libra/sim/suite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>

#include "libra/core/error.h"
#include "libra/sim/protocol.h"

namespace libra::sim {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kAssets = LIBRA_SOURCE_DIR "/assets";

template <class Call>
std::string message_of(Call call, ErrorCode code) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  return "accepted";
}

TEST(Suite, ObjectSuiteHasTheTenInstructionsInOrder) {
  EXPECT_THAT(suite_names(kAssets), ::testing::Contains("object"));
  const task::SuiteSpec suite = load_suite("object", kAssets);
  EXPECT_EQ(suite.max_steps, 280);
  EXPECT_EQ(suite.control_hz, 20.0);
  std::vector<std::string> instructions;
  for (const auto& task : suite.summary().tasks) {
    instructions.push_back(task.instruction);
    EXPECT_EQ(task.suite, "object");
    EXPECT_EQ(task.max_steps, 280);
  }
  EXPECT_THAT(instructions, ElementsAre("pick up the alphabet soup and place it in the basket",
                                        "pick up the cream cheese and place it in the basket",
                                        "pick up the salad dressing and place it in the basket",
                                        "pick up the bbq sauce and place it in the basket",
                                        "pick up the ketchup and place it in the basket",
                                        "pick up the tomato sauce and place it in the basket",
                                        "pick up the butter and place it in the basket",
                                        "pick up the milk and place it in the basket",
                                        "pick up the chocolate pudding and place it in the basket",
                                        "pick up the orange juice and place it in the basket"));
}

TEST(Suite, ProtocolSaysWhatDecidesTheNumbers) {
  SimConfig config;
  config.image_size = 96;
  const Protocol protocol = protocol_of(load_suite("long", kAssets), config);
  const std::map<std::string, std::string> words(protocol.begin(), protocol.end());
  EXPECT_EQ(words.at("max_steps"), "520");
  EXPECT_EQ(words.at("control_hz"), "20");
  EXPECT_THAT(words.at("initial_states"), ::testing::StartsWith("50 a task"));
  EXPECT_THAT(words.at("cameras"), ::testing::HasSubstr("96 x 96 px, upright"));
}

TEST(Suite, ObjectScenesAreComplete) {
  for (const auto& spec : load_suite("object", kAssets).tasks) {
    const task::Problem& p = spec.problem;
    EXPECT_EQ(p.name, "libero_floor_manipulation");
    EXPECT_EQ(p.objects.size(), 7u) << p.file;
    EXPECT_EQ(p.init.size(), 7u) << p.file;
    ASSERT_EQ(p.goal.size(), 1u) << p.file;
    EXPECT_EQ(p.goal[0].kind, task::PredicateKind::kIn);
    EXPECT_EQ(p.goal[0].args[1], "basket_1_contain_region");
    EXPECT_EQ(task::item_phrase(task::goal_target(p)).empty(), false);
    EXPECT_THAT(spec.task.instruction, HasSubstr(task::item_phrase(task::goal_target(p))));
    EXPECT_EQ(p.init[0].args[0], task::goal_target(p));
    EXPECT_EQ(p.init[0].args[1], "floor_target_object_region");
    std::vector<const task::Region*> used;
    for (const auto& atom : p.init) {
      const task::Region* region = p.find_region(atom.args[1]);
      ASSERT_NE(region, nullptr);
      ASSERT_EQ(region->ranges.size(), 1u);
      const task::Rectangle& r = region->ranges[0];
      const double side = atom.args[0] == "basket_1" ? 0.02 : 0.05;
      EXPECT_NEAR(r.x1 - r.x0, side, 1e-12);
      EXPECT_NEAR(r.y1 - r.y0, side, 1e-12);
      for (const task::Region* other : used) {
        const task::Rectangle& o = other->ranges[0];
        EXPECT_GT(std::hypot(r.x0 - o.x0, r.y0 - o.y0), 0.1) << p.file;
      }
      used.push_back(region);
    }
  }
}

TEST(Suite, InstructionsComeFromFileNames) {
  EXPECT_EQ(instruction_from_file_name(
                "KITCHEN_SCENE3_turn_on_the_stove_and_put_the_moka_pot_on_it.bddl"),
            "turn on the stove and put the moka pot on it");
  EXPECT_EQ(instruction_from_file_name("LIVING_ROOM_SCENE2_put_both_the_alphabet_soup_and_it"),
            "put both the alphabet soup and it");
  EXPECT_EQ(instruction_from_file_name("put_the_bowl_on_the_stove"), "put the bowl on the stove");
  EXPECT_EQ(instruction_from_file_name("SCENE"), "SCENE");
  EXPECT_EQ(instruction_from_file_name(""), "");
}

TEST(Suite, ItemNames) {
  EXPECT_EQ(task::item_phrase("alphabet_soup"), "alphabet soup");
  EXPECT_EQ(task::item_phrase("alphabet_soup_1"), "alphabet soup");
  EXPECT_EQ(task::item_phrase("bbq_sauce_12"), "bbq sauce");
  EXPECT_EQ(task::item_category("moka_pot_"), "moka_pot_");
  EXPECT_EQ(task::item_category("7"), "7");
}

TEST(Suite, AnotherItemCanBeAskedFor) {
  const task::SuiteSpec suite = load_suite("object", kAssets);
  const task::TaskSpec& milk = suite.find_task("pick_up_the_milk_and_place_it_in_the_basket");
  EXPECT_THAT(task::askable_items(milk.problem),
              ElementsAre("milk_1", "cream_cheese_1", "tomato_sauce_1", "butter_1",
                          "orange_juice_1", "chocolate_pudding_1"));
  EXPECT_EQ(task::asked_instruction(milk, "orange_juice"),
            "pick up the orange juice and place it in the basket");
  EXPECT_EQ(task::asked_instruction(milk, "milk_1"), milk.task.instruction);
  const auto goal = task::asked_goal(milk.problem, "orange_juice");
  EXPECT_EQ(goal[0].args, (std::vector<std::string>{"orange_juice_1", "basket_1_contain_region"}));
  EXPECT_THAT(message_of([&] { task::asked_goal(milk.problem, "basket"); }, ErrorCode::kNotFound),
              AllOf(HasSubstr("'basket'"), HasSubstr("orange_juice_1")));
  task::TaskSpec silent = milk;
  silent.task.instruction = "tidy up";
  EXPECT_THAT(message_of([&] { task::asked_instruction(silent, "butter"); }, ErrorCode::kBadInput),
              HasSubstr("does not name the goal's 'milk'"));
}

TEST(Suite, TheGoalTargetIsWhatIsMoved) {
  const std::string scene =
      "(define (problem p) (:domain d) (:fixtures stove_1 - flat_stove) (:objects pot_1 - pot) "
      "(:init) (:goal (And (Turnon stove_1) ";
  EXPECT_EQ(task::goal_target(task::parse_bddl(scene + "(On pot_1 stove_1))))", "t")), "pot_1");
  EXPECT_EQ(task::goal_target(task::parse_bddl(scene + ")))", "t")), "stove_1");
}

TEST(Suite, UnknownNamesListTheKnownOnes) {
  EXPECT_THAT(message_of([] { load_suite("objects", kAssets); }, ErrorCode::kNotFound),
              AllOf(HasSubstr("there is no suite 'objects'"), HasSubstr("did you mean 'object'?")));
  EXPECT_THAT(message_of([] { load_suite("../suites/object", kAssets); }, ErrorCode::kNotFound),
              HasSubstr("known are"));
  EXPECT_THAT(message_of([] { load_suite("object", "/nonexistent"); }, ErrorCode::kNotFound),
              HasSubstr("/nonexistent"));
  const task::SuiteSpec suite = load_suite("object", kAssets);
  EXPECT_THAT(message_of([&] { suite.find_task("pick_up_the_milk"); }, ErrorCode::kNotFound),
              HasSubstr("pick_up_the_ketchup_and_place_it_in_the_basket"));
}

class BrokenSuite : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    root_ = std::filesystem::temp_directory_path() / (std::string("libra_suite_") + test->name());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_ / "suites" / "mine");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  std::string load(const std::string& json) {
    std::ofstream(root_ / "suites" / "mine" / "suite.json") << json;
    return message_of([&] { load_suite("mine", root_.string()); }, ErrorCode::kBadInput);
  }
  std::filesystem::path root_;
};

TEST_F(BrokenSuite, DescriptionErrorsNameTheField) {
  EXPECT_THAT(load("{"), HasSubstr("expected a JSON object"));
  EXPECT_THAT(load(R"({"title":"t","max_step":3})"), HasSubstr("did you mean 'max_steps'?"));
  EXPECT_THAT(load(R"({"title":"t","max_steps":3.5})"),
              HasSubstr("'max_steps': expected an integer"));
  EXPECT_THAT(load(R"({"title":"t","max_steps":0,"control_hz":20,"tasks":["a"]})"),
              HasSubstr("max_steps must be positive"));
  EXPECT_THAT(load(R"({"title":"t","max_steps":9,"control_hz":10,"tasks":["a"]})"),
              HasSubstr("control_hz must be 20, the only rate"));
  EXPECT_THAT(load(R"({"title":"t","max_steps":9,"control_hz":20,"tasks":["../a"]})"),
              HasSubstr("tasks must be file names"));
  EXPECT_THAT(load(R"({"title":"t","max_steps":9,"control_hz":20,"tasks":[]})"),
              HasSubstr("1 to 1000"));
}

TEST_F(BrokenSuite, BadTaskFileIsNamed) {
  std::ofstream(root_ / "suites" / "mine" / "a.bddl") << "(define";
  EXPECT_THAT(load(R"({"title":"t","max_steps":9,"control_hz":20,"tasks":["a"]})"),
              HasSubstr("mine/a.bddl:1:1"));
}

TEST_F(BrokenSuite, ABadTaskFileTakesOnlyItselfOut) {
  const std::string good = default_asset_root() + "/suites/goal/turn_on_the_stove.bddl";
  std::filesystem::copy_file(good, root_ / "suites" / "mine" / "b.bddl");
  std::ofstream(root_ / "suites" / "mine" / "a.bddl") << "(define";
  std::ofstream(root_ / "suites" / "mine" / "suite.json")
      << R"({"title":"t","max_steps":9,"control_hz":20,"tasks":["a", "b"]})";
  std::ofstream(root_ / "suites" / "mine" / "memorisation.json")
      << R"({"a": {"without": {"swapped_positions": "why not"}}})";
  const task::SuiteSpec suite = load_suite("mine", root_.string());
  ASSERT_EQ(suite.tasks.size(), 1u);
  EXPECT_EQ(suite.tasks[0].task.name, "b");
  EXPECT_THAT(suite.unreadable, testing::ElementsAre(HasSubstr("mine/a.bddl:1:1")));
  EXPECT_THAT(protocol_of(suite).back().second, HasSubstr("mine/a.bddl:1:1"));
}

}  // namespace
}  // namespace libra::sim
