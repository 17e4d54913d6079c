#include "libra/eval/sample.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

namespace libra::eval {
namespace {

// Two suites of three categories each, of 60, 30 and 2 tasks, and of half as many.
std::vector<Suite> many() {
  std::vector<Suite> suites;
  for (const int part : {1, 2}) {
    Suite& suite = suites.emplace_back();
    suite.name = "suite" + std::to_string(part);
    for (const auto& [category, count] :
         {std::pair{"camera", 60}, std::pair{"light", 30}, std::pair{"noise", 2}}) {
      for (int i = 0; i < count / part; ++i) {
        Task task;
        task.suite = suite.name;
        task.name = std::string(category) + std::to_string(i);
        task.category = category;
        suite.tasks.push_back(task);
      }
    }
  }
  return suites;
}

std::map<std::string, int> counts(const std::vector<Suite>& suites) {
  std::map<std::string, int> counts;
  for (const Suite& suite : suites)
    for (const Task& task : suite.tasks) ++counts[suite.name + " " + task.category];
  return counts;
}

std::vector<std::string> names(const std::vector<Suite>& suites) {
  std::vector<std::string> names;
  for (const Suite& suite : suites)
    for (const Task& task : suite.tasks) names.push_back(suite.name + "/" + task.name);
  return names;
}

std::vector<Suite> sampled(int count, uint64_t seed) {
  std::vector<Suite> suites = many();
  sample_tasks(suites, count, seed);
  return suites;
}

TEST(Sample, GivesEveryCategoryOfEverySuiteItsShare) {
  // 138 tasks in all, a third of them: 20, 10, 2/3, 10, 5 and 1/3, of which the small ones get one
  // at the cost of the largest.
  const auto found = counts(sampled(46, 0));
  EXPECT_EQ(found.at("suite1 camera"), 19);
  EXPECT_EQ(found.at("suite1 light"), 10);
  EXPECT_EQ(found.at("suite2 camera"), 10);
  EXPECT_EQ(found.at("suite2 light"), 5);
  EXPECT_EQ(found.at("suite1 noise"), 1);
  EXPECT_EQ(found.at("suite2 noise"), 1) << "never none where there is room for one";
}

TEST(Sample, IsAFunctionOfTheSeedInTheOrderOfTheTasks) {
  const std::vector<std::string> all = names(many()), some = names(sampled(20, 3));
  EXPECT_EQ(some.size(), 20u);
  EXPECT_EQ(some, names(sampled(20, 3)));
  EXPECT_NE(some, names(sampled(20, 4)));
  auto at = all.begin();
  for (const std::string& name : some) {
    at = std::find(at, all.end(), name);
    ASSERT_NE(at, all.end()) << name;
  }
}

TEST(Sample, HoldsEverySmallerOne) {
  for (int count = 1; count < 137; count += 9) {
    const auto small = names(sampled(count, 1)), large = names(sampled(count + 9, 1));
    EXPECT_EQ(small.size(), static_cast<size_t>(count));
    EXPECT_THAT(large, testing::IsSupersetOf(small));
  }
}

TEST(Sample, OfMoreThanThereIsIsAll) {
  EXPECT_EQ(names(sampled(138, 0)), names(many()));
  EXPECT_EQ(names(sampled(1000, 0)), names(many()));
}

TEST(Sample, LeavesNoEmptySuitesAndSaysWhatItDid) {
  const std::vector<Suite> one = sampled(1, 0);
  ASSERT_EQ(one.size(), 1u);
  ASSERT_EQ(one[0].protocol.size(), 1u);
  EXPECT_EQ(one[0].protocol[0].first, "sample");
  EXPECT_THAT(one[0].protocol[0].second, testing::HasSubstr("1 of 92 tasks"));
}

}  // namespace
}  // namespace libra::eval
