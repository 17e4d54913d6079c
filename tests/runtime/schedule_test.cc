#include "libra/runtime/schedule.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "libra/core/error.h"
#include "tests/support/plans.h"
#include "tests/support/toy_spec.h"

namespace libra {
namespace {

constexpr uint64_t kTask = 5;
constexpr int kHorizon = 5;
constexpr int kMostChunks = 5;

ScheduleConfig config_of(const std::string& schedule, int expansion = 2,
                         const std::string& starvation = "hold_position") {
  ScheduleConfig config;
  config.schedule = parse_word<ScheduleKind>(schedule, "test");
  config.expansion = expansion;
  config.starvation = parse_word<Starvation>(starvation, "test");
  return config;
}

// Entry 0 of action i is bin [i][0], entry 1 the observation's step.
ActionChunk copied(const Job& job) {
  ActionChunk chunk(kHorizon, kToyDims);
  for (int i = 0; i < kHorizon; ++i) {
    chunk.actions[i][0] = job.intent.bin[i][0];
    chunk.actions[i][1] = static_cast<float>(job.obs_step);
  }
  return chunk;
}

using FakePlanner = std::function<IntentPlan(const Job&)>;
using FakeRefiner = std::function<ActionChunk(const Job&)>;

// Answers whatever the schedule asks for at `step` at once; how many plans that were.
int serve(EpisodeSchedule& schedule, int64_t step, const FakePlanner& planner,
          const FakeRefiner& refiner = copied) {
  Job job = sized_job(toy_spec());
  int plans = 0;
  if (schedule.plan_job(step, job)) {
    ++plans;
    const IntentPlan plan = planner(job);
    const bool ok = well_formed(plan);
    if (schedule.take_plan(job.id, plan, ok) && job.refine) {
      use_plan(job, plan);
      schedule.take_chunk(job.id, refiner(job), step);
    }
  }
  if (schedule.chunk_job(step, job)) schedule.take_chunk(job.id, refiner(job), step);
  return plans;
}

// Serial = chunk number, so a plan's content depends on its observation only.
FakePlanner numbering(int expansion) {
  return [expansion](const Job& job) {
    return numbered_plan(int(job.obs_step) / kHorizon, job.obs_step, job.epoch, job.instruction_id,
                         expansion, kHorizon);
  };
}

IntentPlan silent(const Job&) { return {}; }

struct Trace {
  std::vector<std::pair<float, float>> actions;
  int plans = 0;
  bool operator==(const Trace&) const = default;
};

Trace drive(const ScheduleConfig& config, int planned_expansion, int steps) {
  EpisodeSchedule schedule(config, toy_spec(kMostChunks));
  schedule.reset(kTask);
  Trace trace;
  for (int64_t step = 0; step < steps; ++step) {
    trace.plans += serve(schedule, step, numbering(planned_expansion));
    const Tick tick = schedule.tick(step);
    EXPECT_EQ(tick.source, Tick::Source::kChunk);
    trace.actions.push_back({tick.action[0], tick.action[1]});
  }
  EXPECT_EQ(schedule.stats().plans, trace.plans);
  EXPECT_EQ(schedule.stats().held, 0);
  return trace;
}

TEST(Schedule, AmortisedWithOneChunkIsSync) {
  const Trace a = drive(config_of("sync"), 2, 52), b = drive(config_of("amortised", 1), 2, 52);
  EXPECT_EQ(a, b);
  EXPECT_EQ(a.plans, 11);
}

TEST(Schedule, AmortisedPlansEveryMthChunkAndRefinesEveryOne) {
  const Trace trace = drive(config_of("amortised", 3), 3, 60);
  EXPECT_EQ(trace.plans, 4);
  for (int step = 0; step < 60; ++step) {
    const int plan_step = step / 15 * 15;                            // M * H = 15
    const int expected = 10 * (plan_step / 5) + (step - plan_step);  // token order of the plan
    EXPECT_EQ(trace.actions[step].first, static_cast<float>(expected % 100)) << step;
    EXPECT_EQ(trace.actions[step].second, static_cast<float>(step / 5 * 5)) << step;
  }
}

TEST(Schedule, OverlappedWithoutLatencyIsAmortised) {
  for (const int expansion : {1, 2, 3, 5}) {
    EXPECT_EQ(drive(config_of("overlapped", expansion), expansion, 103),
              drive(config_of("amortised", expansion), expansion, 103))
        << "M = " << expansion;
  }
}

ActionChunk closing_chunk(const Job&) {
  ActionChunk chunk(kHorizon, kToyDims);
  for (float& value : chunk.actions.values()) value = 0.5f;
  return chunk;
}

// Plays the first chunk of a one-chunk plan; afterwards the planner is silent.
EpisodeSchedule starved(const std::string& starvation) {
  EpisodeSchedule schedule(config_of("sync", 1, starvation), toy_spec(kMostChunks));
  schedule.reset(kTask);
  const FakePlanner once = [](const Job& job) {
    return numbered_plan(4, job.obs_step, job.epoch, kTask, 1, kHorizon);
  };
  EXPECT_EQ(serve(schedule, 0, once, closing_chunk), 1);
  for (int64_t step = 0; step < kHorizon; ++step) {
    EXPECT_EQ(schedule.tick(step).source, Tick::Source::kChunk);
  }
  return schedule;
}

TEST(Schedule, HoldIntentRefinesTheLastSliceAgain) {
  EpisodeSchedule schedule = starved("hold_intent");
  Job asked;
  EXPECT_EQ(serve(schedule, 5, silent,
                  [&](const Job& job) {
                    asked = job;
                    return closing_chunk(job);
                  }),
            1);
  EXPECT_EQ(asked.intent_state, IntentState::kExhausted);
  EXPECT_EQ(asked.intent.bin[0][0], 40);
  EXPECT_EQ(schedule.stats().starved, 1);
  EXPECT_EQ(schedule.stats().refused, 1);
  EXPECT_EQ(schedule.tick(5).source, Tick::Source::kChunk);
}

TEST(Schedule, HoldPositionMovesNothingAndAsksAgainAtTheNextBorder) {
  EpisodeSchedule schedule = starved("hold_position");
  EXPECT_EQ(serve(schedule, 5, silent), 1);
  for (int64_t step = 5; step < 10; ++step) {
    const Tick tick = schedule.tick(step);
    EXPECT_EQ(tick.source, Tick::Source::kHold);
    EXPECT_EQ(tick.action, (Action{0, 0, 0, 0, 0, 0, 0.5f}));  // the gripper keeps its command
    EXPECT_EQ(schedule.needs_observation(step), false) << step;
  }
  EXPECT_EQ(serve(schedule, 10, numbering(1)), 1);
  EXPECT_EQ(schedule.tick(10).source, Tick::Source::kChunk);
}

TEST(Schedule, StopEndsTheEpisode) {
  EpisodeSchedule schedule = starved("stop");
  serve(schedule, 5, silent);
  EXPECT_EQ(schedule.tick(5).source, Tick::Source::kStopped);
  EXPECT_FALSE(schedule.needs_observation(10));
}

TEST(Schedule, NewInstructionDropsPlanActionsAndWhatIsInFlight) {
  for (const char* name : {"amortised", "overlapped"}) {
    EpisodeSchedule schedule(config_of(name), toy_spec(kMostChunks));
    schedule.reset(kTask);
    Job in_flight;
    ASSERT_TRUE(schedule.plan_job(0, in_flight));
    EXPECT_EQ(in_flight.instruction_id, kTask);
    schedule.reset(kTask + 1);
    EXPECT_FALSE(
        schedule.take_plan(in_flight.id, numbered_plan(0, 0, in_flight.epoch, kTask, 2, kHorizon)));
    EXPECT_FALSE(schedule.take_chunk(in_flight.id, closing_chunk(in_flight), 1));
    EXPECT_EQ(schedule.stats().dropped, 2);
    EXPECT_EQ(schedule.tick(0).source, Tick::Source::kHold);

    serve(schedule, 2, numbering(2), closing_chunk);
    EXPECT_EQ(schedule.tick(2).source, Tick::Source::kChunk);
    schedule.reset(kTask + 2);  // in the middle of a chunk
    EXPECT_EQ(schedule.tick(3).source, Tick::Source::kHold);
    const FakePlanner fresh = [](const Job& job) {
      return numbered_plan(7, job.obs_step, job.epoch, job.instruction_id, 2, kHorizon);
    };
    EXPECT_EQ(serve(schedule, 4, fresh), 1);
    EXPECT_EQ(schedule.tick(4).action[0], 70.0f);
  }
}

TEST(Schedule, PoliciesWithoutIntentsNeedChunksOnly) {
  for (const char* name : {"amortised", "overlapped"}) {
    EpisodeSchedule schedule(config_of(name), toy_spec(kMostChunks), /*uses_intents=*/false);
    schedule.reset(kTask);
    for (int64_t step = 0; step < 20; ++step) {
      Job job;
      EXPECT_FALSE(schedule.plan_job(step, job));
      EXPECT_EQ(schedule.needs_observation(step), step % kHorizon == 0);
      const bool needed = schedule.chunk_job(step, job);
      EXPECT_EQ(needed, step % kHorizon == 0);
      if (needed) {
        EXPECT_FALSE(job.has_intent);
        EXPECT_TRUE(schedule.take_chunk(job.id, closing_chunk(job), step));
      }
      schedule.tick(step);
    }
  }
}

TEST(Schedule, RefusesValuesItDoesNotKnow) {
  const auto with = [](auto&& change) {
    ScheduleConfig config;
    change(config);
    return config;
  };
  for (const ScheduleConfig& config : {
           with([](auto& c) { c.expansion = 0; }),
           with([](auto& c) { c.expansion = kMaxExpansion + 1; }),
           with([](auto& c) { c.execute = kHorizon + 1; }),
           with([](auto& c) { c.execute = -1; }),
           with([](auto& c) { c.max_roll = kHorizon + 1; }),
       }) {
    EXPECT_THROW(EpisodeSchedule(config, toy_spec()), Error);
  }
  EXPECT_THROW(EpisodeSchedule({}, toy_spec(2, kMaxHorizon + 1)), Error);
  EXPECT_THROW(EpisodeSchedule({}, toy_spec(2, 0)), Error);
}

TEST(Schedule, WhatIsNoNumberIsRefusedAndAskedForAgain) {
  EpisodeSchedule schedule(config_of("amortised"), toy_spec(kMostChunks));
  schedule.reset(kTask);
  const FakeRefiner broken = [](const Job& job) {
    ActionChunk chunk = closing_chunk(job);
    chunk.actions[3][2] = std::numeric_limits<float>::quiet_NaN();
    return chunk;
  };
  Job job;
  ASSERT_TRUE(schedule.plan_job(0, job));
  const IntentPlan plan = numbering(2)(job);
  ASSERT_TRUE(schedule.take_plan(job.id, plan));
  EXPECT_FALSE(schedule.take_chunk(job.id, broken(job), 0));
  EXPECT_EQ(schedule.tick(0).source, Tick::Source::kHold);
  EXPECT_EQ(schedule.stats().refused, 1);
  ASSERT_TRUE(schedule.chunk_job(1, job));
  EXPECT_EQ(job.intent.bin[0][0], 0);  // the robot held still: the plan begins where it did
  EXPECT_TRUE(schedule.take_chunk(job.id, closing_chunk(job), 1));
  EXPECT_EQ(schedule.tick(1).source, Tick::Source::kChunk);
}

// The adaptive rule. Entropy is told by the planner per step, outside by the refiner.
TEST(Schedule, AdaptiveReplansWhereTheIntentsAreUncertainOrTheActionsLeaveThem) {
  for (const char* name : {"amortised", "overlapped"}) {
    ScheduleConfig config = config_of(name, 4);
    config.adaptive = {.enabled = true, .replan_entropy = 0.4, .replan_outside = 0.5};
    EpisodeSchedule schedule(config, toy_spec(kMostChunks));
    schedule.reset(kTask);
    const FakePlanner planner = [](const Job& job) {
      IntentPlan plan = numbering(4)(job);
      // Plans made before step 40 doubt their third chunk, later ones nothing.
      if (job.obs_step < 40) plan.intents[2].entropy.assign(kHorizon, 0.41f);
      return plan;
    };
    const FakeRefiner refiner = [](const Job& job) {
      ActionChunk chunk = copied(job);
      chunk.outside = job.obs_step == 45 ? 0.6f : 0.1f;
      return chunk;
    };
    std::vector<int64_t> planned;
    for (int64_t step = 0; step < 90; ++step) {
      if (serve(schedule, step, planner, refiner) > 0) planned.push_back(step);
      EXPECT_EQ(schedule.tick(step).source, Tick::Source::kChunk);
    }
    // 0..40: every third chunk is doubted; 45's chunk leaves its bins, so 50; then all M = 4.
    EXPECT_EQ(planned, (std::vector<int64_t>{0, 10, 20, 30, 40, 50, 70})) << name;
    EXPECT_EQ(schedule.stats().early_plans, 5) << name;
  }
}

}  // namespace
}  // namespace libra
