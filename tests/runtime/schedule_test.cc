#include "libra/runtime/schedule.h"

#include <gtest/gtest.h>

#include <vector>

#include "libra/core/error.h"
#include "plans.h"

namespace libra {
namespace {

constexpr uint64_t kTask = 5;
constexpr int kHorizon = 5;

// Drives one episode with a planner that numbers its plans and a refiner that copies bin [i][0]
// into the action's first entry and the step into the second; returns those and counts the
// planner's calls.
struct Trace {
  std::vector<std::pair<float, float>> actions;
  int plans = 0;
  bool operator==(const Trace&) const = default;
};

Trace drive(const ScheduleConfig& config, int planned_expansion, int steps) {
  EpisodeSchedule schedule(config, kHorizon);
  schedule.reset(kTask);
  Trace trace;
  for (int64_t step = 0; step < steps; ++step) {
    if (schedule.needs_plan(step)) {
      // Serial = chunk number, so a plan's content depends on its observation only.
      const int serial = static_cast<int>(step) / kHorizon;
      schedule.take_plan(
          numbered_plan(serial, step, schedule.epoch(), kTask, planned_expansion, kHorizon));
      ++trace.plans;
    }
    if (schedule.needs_chunk(step)) {
      ActionChunk chunk;
      chunk.horizon = kHorizon;
      for (int i = 0; i < kHorizon; ++i) {
        chunk.actions[i][0] = schedule.intent()->bin[i][0];
        chunk.actions[i][1] = static_cast<float>(step);
      }
      schedule.take_chunk(chunk, step);
    }
    const Tick tick = schedule.tick(step);
    EXPECT_EQ(tick.source, Tick::Source::kChunk);
    trace.actions.push_back({tick.action[0], tick.action[1]});
  }
  return trace;
}

TEST(Schedule, AmortisedWithOneChunkIsSync) {
  const ScheduleConfig sync{.schedule = "sync", .expansion = 2};
  const ScheduleConfig amortised{.schedule = "amortised", .expansion = 1};
  const Trace a = drive(sync, 2, 52), b = drive(amortised, 2, 52);
  EXPECT_EQ(a, b);
  EXPECT_EQ(a.plans, 11);
}

TEST(Schedule, AmortisedPlansEveryMthChunkAndRefinesEveryOne) {
  const Trace trace = drive({.schedule = "amortised", .expansion = 3}, 3, 60);
  EXPECT_EQ(trace.plans, 4);
  for (int step = 0; step < 60; ++step) {
    const int plan_step = step / 15 * 15;                            // M * H = 15
    const int expected = 10 * (plan_step / 5) + (step - plan_step);  // token order of the plan
    EXPECT_EQ(trace.actions[step].first, static_cast<float>(expected % 100)) << step;
    EXPECT_EQ(trace.actions[step].second, static_cast<float>(step / 5 * 5)) << step;
  }
}

ActionChunk closing_chunk() {
  ActionChunk chunk;
  chunk.horizon = kHorizon;
  for (auto& action : chunk.actions) action.fill(0.5f);
  return chunk;
}

// Plays the first chunk of a one-chunk plan; afterwards the planner is silent.
EpisodeSchedule starved(const std::string& starvation) {
  EpisodeSchedule schedule({.schedule = "sync", .starvation = starvation}, kHorizon);
  schedule.reset(kTask);
  EXPECT_TRUE(schedule.needs_plan(0));
  EXPECT_TRUE(schedule.take_plan(numbered_plan(4, 0, schedule.epoch(), kTask, 1, kHorizon)));
  EXPECT_TRUE(schedule.needs_chunk(0));
  schedule.take_chunk(closing_chunk(), 0);
  for (int64_t step = 0; step < kHorizon; ++step) schedule.tick(step);
  return schedule;
}

TEST(Schedule, HoldIntentRefinesTheLastSliceAgain) {
  EpisodeSchedule schedule = starved("hold_intent");
  EXPECT_TRUE(schedule.needs_plan(5));
  ASSERT_TRUE(schedule.needs_chunk(5));
  EXPECT_EQ(schedule.intent_state(), IntentState::kExhausted);
  EXPECT_EQ(schedule.intent()->bin[0][0], 40);
}

TEST(Schedule, HoldPositionMovesNothingAndAsksAgainAtTheNextBorder) {
  EpisodeSchedule schedule = starved("hold_position");
  EXPECT_TRUE(schedule.needs_plan(5));
  EXPECT_FALSE(schedule.needs_chunk(5));
  for (int64_t step = 5; step < 10; ++step) {
    const Tick tick = schedule.tick(step);
    EXPECT_EQ(tick.source, Tick::Source::kHold);
    EXPECT_EQ(tick.action, (Action{0, 0, 0, 0, 0, 0, 0.5f}));  // the gripper keeps its command
    EXPECT_EQ(schedule.needs_plan(step), false) << step;
  }
  EXPECT_TRUE(schedule.needs_plan(10));
  EXPECT_TRUE(schedule.take_plan(numbered_plan(1, 10, schedule.epoch(), kTask, 1, kHorizon)));
  EXPECT_TRUE(schedule.needs_chunk(10));
}

TEST(Schedule, StopEndsTheEpisode) {
  EpisodeSchedule schedule = starved("stop");
  EXPECT_FALSE(schedule.needs_chunk(5));
  EXPECT_EQ(schedule.tick(5).source, Tick::Source::kStopped);
  EXPECT_FALSE(schedule.needs_plan(10));
}

TEST(Schedule, NewInstructionDropsPlanActionsAndPlansInFlight) {
  EpisodeSchedule schedule({.schedule = "amortised", .expansion = 2}, kHorizon);
  schedule.reset(kTask);
  const IntentPlan in_flight = numbered_plan(0, 0, schedule.epoch(), kTask, 2, kHorizon);
  ASSERT_TRUE(schedule.take_plan(in_flight));
  ASSERT_TRUE(schedule.needs_chunk(0));
  schedule.take_chunk(closing_chunk(), 0);
  schedule.reset(kTask + 1);
  EXPECT_FALSE(schedule.take_plan(in_flight));
  EXPECT_TRUE(schedule.needs_plan(2));  // in the middle of the old chunk
  EXPECT_EQ(schedule.tick(2).source, Tick::Source::kHold);
  ASSERT_TRUE(schedule.take_plan(numbered_plan(7, 2, schedule.epoch(), kTask + 1, 2, kHorizon)));
  ASSERT_TRUE(schedule.needs_chunk(2));
  EXPECT_EQ(schedule.intent()->bin[0][0], 70);
}

TEST(Schedule, PoliciesWithoutIntentsNeedChunksOnly) {
  EpisodeSchedule schedule({}, kHorizon, /*uses_intents=*/false);
  schedule.reset(kTask);
  for (int64_t step = 0; step < 20; ++step) {
    EXPECT_FALSE(schedule.needs_plan(step));
    const bool needed = schedule.needs_chunk(step);
    EXPECT_EQ(needed, step % kHorizon == 0);
    if (needed) {
      EXPECT_EQ(schedule.intent(), nullptr);
      schedule.take_chunk(closing_chunk(), step);
    }
  }
}

TEST(Schedule, RefusesWordsAndValuesItDoesNotKnow) {
  EXPECT_THROW(EpisodeSchedule({.schedule = "overlaped"}, kHorizon), Error);
  EXPECT_THROW(EpisodeSchedule({.expansion = 0}, kHorizon), Error);
  EXPECT_THROW(EpisodeSchedule({.expansion = kMaxExpansion + 1}, kHorizon), Error);
  EXPECT_THROW(EpisodeSchedule({.starvation = "wait"}, kHorizon), Error);
  EXPECT_THROW(EpisodeSchedule({}, kMaxHorizon + 1), Error);
}

}  // namespace
}  // namespace libra
