#include "libra/runtime/latency.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <vector>

#include "libra/core/error.h"
#include "libra/core/file.h"

namespace libra {
namespace {

std::vector<double> draws(const std::string& text, int count = 4000) {
  const LatencyModel model = LatencyModel::parse(text, "--planner-latency");
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(model.draw(uint64_t(i / 20), uint64_t(i % 20)));
  return values;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (double v : values) sum += v;
  return sum / double(values.size());
}

TEST(LatencyModel, DrawsWhatItSays) {
  for (double v : draws("60")) EXPECT_EQ(v, 60.0);
  const auto uniform = draws("uniform:40,80");
  EXPECT_GE(*std::min_element(uniform.begin(), uniform.end()), 40.0);
  EXPECT_LE(*std::max_element(uniform.begin(), uniform.end()), 80.0);
  EXPECT_NEAR(mean(uniform), 60.0, 1.0);
  const auto normal = draws("normal:60,10");
  EXPECT_NEAR(mean(normal), 60.0, 0.7);
  double variance = 0;
  for (double v : normal) variance += (v - 60) * (v - 60) / double(normal.size());
  EXPECT_NEAR(std::sqrt(variance), 10.0, 0.5);
  auto lognormal = draws("lognormal:60,0.3");
  std::sort(lognormal.begin(), lognormal.end());
  EXPECT_NEAR(lognormal[2000], 60.0, 1.5);                  // the median
  EXPECT_NEAR(lognormal[3365], 60.0 * std::exp(0.3), 3.0);  // one sigma up: 84.1 %
  for (double v : draws("normal:1,10")) EXPECT_GE(v, 0.0);
}

TEST(LatencyModel, IsAFunctionOfEpisodeAndCall) {
  EXPECT_EQ(draws("normal:60,10"), draws("normal:60,10"));
  const LatencyModel model = LatencyModel::parse("uniform:0,100", "x");
  EXPECT_NE(model.draw(1, 0), model.draw(1, 1));
  EXPECT_NE(model.draw(1, 0), model.draw(2, 0));
}

TEST(LatencyModel, ReplaysAMeasuredTraceInItsOrder) {
  const auto path = (std::filesystem::temp_directory_path() / "libra_latency_trace.txt").string();
  write_file(path, "# ms\n10\n20.5\n30\n");
  const LatencyModel model = LatencyModel::parse("trace:" + path, "x");
  const double first = model.draw(7, 0);
  const std::vector<double> cycle = {10, 20.5, 30};
  const auto at = std::find(cycle.begin(), cycle.end(), first) - cycle.begin();
  for (int call = 0; call < 9; ++call) EXPECT_EQ(model.draw(7, call), cycle[(at + call) % 3]);
  for (const char* text : {"", "# nothing\n", "10\nfast\n", "10\n-1\n", "nan\n"}) {
    write_file(path, text);
    EXPECT_THROW(LatencyModel::parse("trace:" + path, "x"), Error) << text;
  }
  std::filesystem::remove(path);
  EXPECT_THROW(LatencyModel::parse("trace:" + path, "x"), Error);
}

TEST(LatencyModel, RefusesWhatIsNoLatency) {
  for (const char* text : {"", "fast", "-1", "60ms", "nan", "inf", "1e9", "uniform:80,40",
                           "uniform:40", "gauss:1,2", "normal:60,-1", "normal:60,", ":1,2"}) {
    EXPECT_THROW(LatencyModel::parse(text, "--planner-latency"), Error) << text;
  }
}

TEST(LeadEstimate, CoversNearlyTheLongestOfTheLatestCalls) {
  LeadEstimate lead;
  EXPECT_EQ(lead.steps(50), 0);
  lead.add(60);
  EXPECT_EQ(lead.steps(50), 2);
  lead.add(100);
  EXPECT_EQ(lead.steps(50), 2);  // exactly two steps are two steps
  for (int i = 0; i < 14; ++i) lead.add(40);
  EXPECT_EQ(lead.steps(50), 2);  // 100 is the one outlier of sixteen; 60 is not
  lead.add(40);
  EXPECT_EQ(lead.steps(50), 1);
  lead.clear();
  EXPECT_EQ(lead.steps(50), 0);
}

}  // namespace
}  // namespace libra
