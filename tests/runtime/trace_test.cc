#include "libra/runtime/trace.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fakes.h"
#include "libra/runtime/guard.h"
#include "tests/support/toy_spec.h"

namespace libra {
namespace {

// The job of a chunk whose plan had seen another step.
Job moving_along_x(int64_t first_step, int64_t plan_obs_step) {
  Job job = sized_job(toy_spec());
  job.chunk_first = first_step;
  job.plan_obs_step = plan_obs_step;
  job.intent_state = IntentState::kReused;
  job.has_intent = true;
  for (uint8_t& bin : job.intent.bin.values()) bin = 50;
  for (size_t i = 0; i < 5; ++i) {
    job.intent.bin[i][0] = 95;
    job.intent.bin[i][6] = 0;
  }
  return job;
}

TEST(Trace, IsValidForPerfettoAndCountsTimeFromTheFirstEvent) {
  Trace trace;
  trace.record(TraceLane::kPlanner, {TraceKind::kPlan, 5'000'000, 65'000'000, 3, 2});
  trace.record(TraceLane::kControl,
               {TraceKind::kIntervened, 70'000'000, 70'000'000, 4, int64_t(GuardKind::kWorkspace)});
  trace.record(moving_along_x(9, 2), 80'000'000);
  trace.collect();
  const auto json = nlohmann::json::parse(trace.chrome_json());
  int spans = 0, marks = 0, counters = 0, names = 0;
  for (const auto& e : json["traceEvents"]) {
    if (e["ph"] == "X") {
      ++spans;
      EXPECT_EQ(e["name"], "plan");
      EXPECT_EQ(e["ts"], 0.0);
      EXPECT_EQ(e["dur"], 60'000.0);  // us
      EXPECT_EQ(e["args"]["observation"], 2);
    } else if (e["ph"] == "i") {
      ++marks;
      EXPECT_EQ(e["name"], "kept in the workspace");
      EXPECT_EQ(e["ts"], 65'000.0);
    } else if (e["ph"] == "C") {
      ++counters;
      EXPECT_EQ(e["args"]["steps"], 7);
    } else {
      ++names;
    }
  }
  EXPECT_EQ(spans, 1);
  EXPECT_EQ(marks, 1);
  EXPECT_EQ(counters, 1);
  EXPECT_EQ(names, 4);  // three threads and the process
}

TEST(Trace, TellsTheIntentsInWordsWithWhatWasUnusual) {
  Trace trace;
  trace.make_room(toy_spec(), action::Binner::uniform(100));
  trace.record(moving_along_x(20, 14), 1'000'000'000);
  trace.record(TraceLane::kControl, {TraceKind::kFault, 1'100'000'000, 1'100'000'000, 22,
                                     int64_t(GuardKind::kPlannerSilent)});
  trace.record(moving_along_x(25, 14), 1'250'000'000);
  trace.collect();
  EXPECT_EQ(trace.timeline(),
            " step        time   age  plan       intent\n"
            "   20     0.000 s     6  reused     +x large, open\n"
            "   22     0.100 s     !  control    guard: planner silent\n"
            "   25     0.250 s    11  reused     +x large, open\n");
}

TEST(Trace, SpeaksOfTheBinsThatThePolicyHas) {
  Trace trace;
  trace.make_room(toy_spec(), binner_with_narrow_middle());
  trace.record(moving_along_x(20, 14), 0);
  trace.collect();
  EXPECT_NE(trace.timeline().find("+x medium, open"), std::string::npos) << trace.timeline();
}

TEST(Trace, CountsWhatDoesNotFit) {
  Trace trace(4, 2);
  for (int64_t i = 0; i < 10; ++i) {
    trace.record(TraceLane::kRefiner, {TraceKind::kRefine, i, i + 1, i, i});
    trace.record(moving_along_x(i, i), i);
  }
  EXPECT_EQ(trace.lost(), 6u + 8u);
  trace.collect();
  EXPECT_NE(trace.timeline().find("14 records did not fit"), std::string::npos);
}

}  // namespace
}  // namespace libra
