#include "libra/eval/compare.h"

#include <gtest/gtest.h>

namespace libra::eval {
namespace {

Results result(const std::string& schedule, const std::string& planner_ms, int successes) {
  Results r;
  r.schedule = schedule;
  r.runtime.planner_latency = planner_ms;
  SuiteResult suite;
  suite.name = "toy";
  suite.tasks.push_back({"task", "do it", 100, {.episodes = 50, .successes = successes}});
  r.suites.push_back(suite);
  return r;
}

size_t count(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(Compare, LabelsSayWhatDiffers) {
  Results r = result("overlapped", "60", 1);
  EXPECT_EQ(schedule_label(r), "overlapped M=2");
  r.runtime.stale = "roll_forward";
  r.runtime.eager = true;
  EXPECT_EQ(schedule_label(r), "overlapped M=2, roll_forward, eager");
  r.schedule = "amortised";  // nothing is stale there
  r.runtime.eager = false;
  r.runtime.waiting = "pause";
  EXPECT_EQ(schedule_label(r), "amortised M=2, pause");
}

TEST(Compare, TableHasALinePerEvaluation) {
  const std::string table =
      comparison_table({result("sync", "0", 50), result("overlapped", "normal:60,10", 40)});
  EXPECT_EQ(count(table, "\n"), 4u);
  EXPECT_NE(table.find("| sync M=2 | 0 | 0 | 100.0 % (50/50) | 92.9 to 100.0 %"), std::string::npos)
      << table;
  EXPECT_NE(table.find("| normal:60,10 | 0 | 80.0 % (40/50)"), std::string::npos) << table;
}

TEST(Compare, PlotDrawsOneLinePerScheduleAndLeavesOutDistributions) {
  const std::vector<Results> all = {result("sync", "600", 10), result("sync", "0", 50),
                                    result("overlapped", "0", 50), result("overlapped", "300", 45),
                                    result("overlapped", "normal:60,10", 44)};
  const std::string svg = latency_plot(all);
  EXPECT_EQ(count(svg, "<polyline"), 2u);
  EXPECT_EQ(count(svg, "<circle"), 4u);
  // In the order of their latencies: success falls, so y grows.
  EXPECT_NE(svg.find("points='58.0,20.0 618.0,244.0'"), std::string::npos) << svg;
  EXPECT_EQ(latency_plot({all[1], all[2]}), "");  // no latency differs
}

}  // namespace
}  // namespace libra::eval
