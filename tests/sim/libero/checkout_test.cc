#include "libra/sim/libero/checkout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libra/core/error.h"
#include "libra/sim/libero/libero_suite.h"
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
  const SuiteSpec suite = load_suite(tiny.open(), "libero_goal");
  ASSERT_EQ(suite.tasks.size(), 2u);
  EXPECT_EQ(suite.max_steps, 300);
  EXPECT_EQ(suite.tasks[0].task.instruction, "do it");
  EXPECT_EQ(suite.tasks[1].task.instruction, "do it again");
}

}  // namespace
}  // namespace libra::sim::libero
