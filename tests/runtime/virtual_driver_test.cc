#include "libra/runtime/virtual_driver.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fakes.h"
#include "libra/core/error.h"
#include "libra/runtime/policy_driver.h"

namespace libra {
namespace {

VirtualTime latencies(double planner, double refiner, bool pause = false) {
  return {LatencyModel::parse(std::to_string(planner), "planner"),
          LatencyModel::parse(std::to_string(refiner), "refiner"), pause};
}

ScheduleConfig config_of(const std::string& schedule, int expansion) {
  ScheduleConfig config;
  config.schedule = parse_word<ScheduleKind>(schedule, "test");
  config.expansion = expansion;
  return config;
}

struct Driven {
  std::vector<Tick> ticks;
  ScheduleStats stats;
  double chunk_ms = 0, paused_ms = 0;
  std::vector<Action> actions() const {
    std::vector<Action> list;
    for (const Tick& t : ticks) list.push_back(t.action);
    return list;
  }
};

Driven drive(const ScheduleConfig& config, const VirtualTime& time, int steps,
             int policy_expansion = 5, Trace* trace = nullptr) {
  FakePolicy policy(policy_expansion);
  PolicyDriver driver(policy, config, time);
  driver.set_trace(trace);
  driver.reset("go", "task", 3, 4);
  Driven run;
  Observation observation;
  observation.proprio.assign(8, 0.0);
  for (int64_t step = 0; step < steps; ++step) {
    observation.step = step;
    run.ticks.push_back(driver.act(observation, step));
  }
  run.stats = driver.time().stats();
  run.chunk_ms = driver.time().chunk_latency_ms() / double(run.stats.chunks);
  run.paused_ms = driver.time().paused_ms();
  return run;
}

TEST(VirtualTime, WithoutLatencyOverlappedIsAmortisedAndAmortisedOfOneIsSync) {
  for (const int expansion : {1, 2, 3, 5}) {
    EXPECT_EQ(drive(config_of("overlapped", expansion), {}, 200).actions(),
              drive(config_of("amortised", expansion), {}, 200).actions());
  }
  EXPECT_EQ(drive(config_of("amortised", 1), {}, 200).actions(),
            drive(config_of("sync", 2), {}, 200).actions());
  EXPECT_NE(drive(config_of("amortised", 2), {}, 200).actions(),
            drive(config_of("sync", 2), {}, 200).actions());
}

// The paper's column: 60 ms planner, 92 ms refiner; 220 ms is its model without the split. 600
// chunks, so that the last plan's chunks are all counted.
TEST(VirtualTime, ReproducesThePapersLatencyColumn) {
  const VirtualTime paper = latencies(60, 92, /*pause=*/true);
  const int steps = 600 * 5;
  EXPECT_NEAR(drive(config_of("sync", 1), paper, steps).chunk_ms, 152.0, 1e-6);
  const std::vector<double> column = {122, 112, 107, 104};
  for (int m = 2; m <= 5; ++m) {
    const double ms = drive(config_of("amortised", m), paper, steps).chunk_ms;
    EXPECT_NEAR(ms, 92.0 + 60.0 / m, 1e-6);
    EXPECT_EQ(std::round(ms), column[size_t(m - 2)]) << "M = " << m;
  }
  for (int m = 2; m <= 5; ++m) {
    const Driven run = drive(config_of("overlapped", m), latencies(60, 92), steps);
    EXPECT_NEAR(run.chunk_ms, 92.0, 1e-6);
    EXPECT_GT(1.0 - run.chunk_ms / 220.0, 0.58);
    EXPECT_LE(run.stats.held, 6);  // the first plan and the first chunk
  }
}

TEST(VirtualTime, HoldingCostsStepsAndPausingCostsTime) {
  const Driven hold = drive(config_of("sync", 1), latencies(60, 92), 90);
  EXPECT_EQ(hold.stats.held, 40);  // 152 ms: four steps of every nine
  const Driven pause = drive(config_of("sync", 1), latencies(60, 92, true), 50);
  EXPECT_EQ(pause.stats.held, 0);
  EXPECT_NEAR(pause.paused_ms, 10 * 152.0, 1e-6);
  // Whether the world waits or the robot does, it does the same.
  std::vector<Action> moved;
  for (const Tick& tick : hold.ticks) {
    if (tick.source == Tick::Source::kChunk) moved.push_back(tick.action);
  }
  EXPECT_EQ(moved.size(), 50u);
  EXPECT_EQ(pause.ticks.size(), 50u);
}

TEST(VirtualTime, RepeatsExactly) {
  const VirtualTime noisy = {LatencyModel::parse("lognormal:80,0.5", "p"),
                             LatencyModel::parse("normal:40,20", "r"), false};
  for (const char* stale : {"drop", "inpaint", "roll_forward"}) {
    ScheduleConfig config = config_of("overlapped", 3);
    config.stale = parse_word<Stale>(stale, "test");
    EXPECT_EQ(drive(config, noisy, 300).actions(), drive(config, noisy, 300).actions());
  }
}

TEST(VirtualTime, RefusesWhatContradictsItself) {
  EXPECT_THROW(drive(config_of("amortised", 3), {}, 1, 2), Error);
  EXPECT_THROW(drive(config_of("overlapped", 3), {}, 1, 2), Error);
  EXPECT_THROW(drive(config_of("overlapped", 2), latencies(60, 0, true), 1), Error);
}

TEST(VirtualTime, TracesSpansThatLieWhereTheLatenciesPutThem) {
  Trace trace;
  drive(config_of("amortised", 2), latencies(60, 92), 40, 5, &trace);
  trace.collect();
  EXPECT_EQ(trace.lost(), 0u);
  const auto json = nlohmann::json::parse(trace.chrome_json());
  std::vector<std::pair<double, double>> plans, refines;
  for (const auto& event : json["traceEvents"]) {
    if (event["ph"] != "X") continue;
    (event["name"] == "plan" ? plans : refines)
        .push_back({event["ts"].get<double>() / 1e3, event["dur"].get<double>() / 1e3});
  }
  ASSERT_GE(plans.size(), 2u);
  EXPECT_DOUBLE_EQ(plans[0].second, 60.0);
  EXPECT_DOUBLE_EQ(refines[0].first, 60.0);  // the refiner follows the planner on one thread
  EXPECT_DOUBLE_EQ(refines[0].second, 92.0);
  // 152 ms are over at step 4; five actions; the second chunk needs no plan.
  EXPECT_DOUBLE_EQ(refines[1].first, 9 * 50.0);
  const std::string text = trace.timeline();
  EXPECT_NE(text.find("fresh"), std::string::npos);
  EXPECT_NE(text.find("reused"), std::string::npos);
}

}  // namespace
}  // namespace libra
