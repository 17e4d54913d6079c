#include "libra/eval/wordings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libra/core/error.h"
#include "libra/eval/results.h"
#include "libra/eval/rollout.h"
#include "tests/support/message_of.h"
#include "toy.h"

namespace libra::eval {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<Suite> known() { return toy_request().suites; }

TEST(Wordings, GoInTurnsAndLeaveOtherTasksTheirOwn) {
  const Wordings wordings(
      "# by a colleague\n"
      "toy\tapple\ttouch an apple\r\n"
      "\n"
      "toy\tapple\tthe apple, please\n",
      "file", known());
  const Task apple = {"toy", "apple", "touch the apple"}, cup = {"toy", "cup", "touch the cup"};
  EXPECT_EQ(wordings.at(apple, 0), "touch an apple");
  EXPECT_EQ(wordings.at(apple, 1), "the apple, please");
  EXPECT_EQ(wordings.at(apple, 2), "touch an apple");
  EXPECT_EQ(wordings.at(cup, 1), "touch the cup");
  EXPECT_TRUE(wordings.has(apple));
  EXPECT_FALSE(wordings.has(cup));
  EXPECT_TRUE(wordings.skipped().empty());
}

TEST(Wordings, OfUnknownTasksAreNamedAndTheRestGoesOn) {
  const Wordings wordings("toy\tpear\ttouch a pear\nbox\tapple\tx\ntoy\tcup\tthe cup\n", "file",
                          known());
  EXPECT_THAT(wordings.skipped(), ElementsAre(HasSubstr("file:1: no task toy/pear"),
                                              HasSubstr("file:2: no task box/apple")));
  EXPECT_TRUE(wordings.has({"toy", "cup", "touch the cup"}));
}

TEST(Wordings, ThatAreNoneAreRefusedWithTheirLine) {
  const auto refusal = [](const std::string& text) {
    return message_of([&] { Wordings(text, "file", known()); });
  };
  EXPECT_THAT(refusal("toy\tapple\tx\ntoy apple x\n"), HasSubstr("file:2"));
  EXPECT_THAT(refusal("toy\tapple\tx\ty\n"), HasSubstr("4 columns"));
  EXPECT_THAT(refusal("toy\tapple\t  \n"), HasSubstr("file:1"));
  EXPECT_THAT(refusal("toy\tapple\ta\x1b[2J\n"), HasSubstr("file:1"));
  EXPECT_THAT(refusal("toy\tapple\t" + std::string(1001, 'a')), HasSubstr("file:1"));
  EXPECT_THAT(refusal("# nothing\n"), HasSubstr("has no wordings"));
  EXPECT_THAT(refusal("toy\tpear\tx\n"), HasSubstr("none of these tasks"));
  EXPECT_THAT(refusal(""), HasSubstr("has no wordings"));
}

// The toy's policy goes where it is told, not where the task would have it.
TEST(Wordings, AreWhatThePolicyIsTold) {
  RolloutRequest request = toy_request();
  request.suites[0].tasks.resize(1);
  request.rollouts = 2;
  const std::string name = request.suites[0].tasks[0].name;
  ASSERT_EQ(name, "apple");
  request.wordings =
      Wordings("toy\tapple\ttouch the cup\ntoy\tapple\ttouch the apple\n", "file", request.suites);
  const RolloutOutcome outcome = run_rollouts(request);
  ASSERT_EQ(outcome.episodes.size(), 2u);
  EXPECT_EQ(outcome.episodes[0].instruction, "touch the cup");
  EXPECT_FALSE(outcome.episodes[0].success);
  EXPECT_EQ(outcome.episodes[1].instruction, "touch the apple");
  EXPECT_TRUE(outcome.episodes[1].success);
  EXPECT_EQ(make_results(request, outcome).instruction, "other wordings");
}

}  // namespace
}  // namespace libra::eval
