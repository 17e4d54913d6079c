// The overlapped schedule with latencies in control steps, driven by hand.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "libra/runtime/schedule.h"
#include "tests/support/plans.h"
#include "tests/support/toy_spec.h"

namespace libra {
namespace {

constexpr int kHorizon = 5;

// Every action tells which token of which plan and which chunk it came from.
struct Executed {
  bool held = false;
  int64_t plan_obs = 0, token_step = 0, chunk_obs = 0;
};

// A world in which plans take `planner` steps and chunks `refiner` steps. Tokens are told apart by
// (obs_step of the plan, step the token is for), which the fake refiner writes into its actions.
class World {
 public:
  World(const ScheduleConfig& config, int planner, int refiner, int expansion)
      : schedule(config, toy_spec(5)),
        planner_latency(planner),
        refiner_latency(refiner),
        expansion_(expansion) {
    schedule.reset(1);
    schedule.set_lead(planner, refiner);
  }

  Executed step() {
    const int64_t now = now_++;
    if (plan_.id != 0 && plan_ready_ <= now) land_plan();
    if (chunk_.id != 0 && chunk_ready_ <= now) land_chunk(now);
    Job job = sized_job(toy_spec());
    const auto plan_if_due = [&] {
      if (!schedule.plan_job(now, job)) return;
      plan_ = job;
      plan_ready_ = now + planner_latency;
      plans_asked.push_back(now);
      rolled.push_back(job.rolled);
      if (planner_latency == 0) land_plan();
    };
    plan_if_due();
    if (schedule.chunk_job(now, job)) {
      chunk_ = job;
      chunk_ready_ = now + refiner_latency;
      jobs.push_back(job);
      if (refiner_latency == 0) land_chunk(now);
    }
    plan_if_due();
    const Tick tick = schedule.tick(now);
    if (tick.source != Tick::Source::kChunk) return {.held = true};
    return {false, int64_t(tick.action[0]), int64_t(tick.action[1]), int64_t(tick.action[2])};
  }

  EpisodeSchedule schedule;
  int planner_latency, refiner_latency;
  std::vector<int64_t> plans_asked;
  std::vector<int> rolled;  // of those plans
  std::vector<Job> jobs;    // the refiner's

 private:
  void land_plan() {
    IntentPlan plan(expansion_, kHorizon, kToyDims, 100);
    for (int k = 0; k < expansion_ * kHorizon; ++k) {
      for (uint8_t& bin : plan.intents[k / kHorizon].bin[k % kHorizon]) bin = uint8_t(k);
    }
    schedule.take_plan(plan_.id, plan);
    plan_ = {};
  }
  void land_chunk(int64_t now) {
    ActionChunk chunk(kHorizon, kToyDims);
    for (int i = 0; i < kHorizon; ++i) {
      chunk.actions[i][0] = float(chunk_.plan_obs_step);
      chunk.actions[i][1] = float(chunk_.intent.bin[i][0]);  // index of the token in its plan
      chunk.actions[i][2] = float(chunk_.obs_step);
    }
    schedule.take_chunk(chunk_.id, chunk, now);
    chunk_ = {};
  }
  int expansion_;
  int64_t now_ = 0, plan_ready_ = 0, chunk_ready_ = 0;
  Job plan_, chunk_;
};

struct Steps {
  int64_t held = 0, moved = 0;
};

// 400 steps in which plans of ten tokens must be executed whole and in order.
Steps drive_whole_plans(World& world) {
  Steps steps;
  for (int64_t step = 0; step < 400; ++step) {
    const Executed e = world.step();
    steps.held += e.held;
    if (e.held) continue;
    EXPECT_EQ(e.token_step, steps.moved++ % 10) << "step " << step;
  }
  return steps;
}

ScheduleConfig overlapped(int expansion, const std::string& stale = "drop") {
  ScheduleConfig config;
  config.schedule = ScheduleKind::kOverlapped;
  config.expansion = expansion;
  config.stale = parse_word<Stale>(stale, "test");
  return config;
}

// A plan's tokens are spent from its observation on, one a step, and the next plan takes as long as
// it did: half of its M * H tokens may pass while it is made. For M = 2 that is (M - 1) * H.
TEST(Overlapped, HidesAPlannerThatTakesUpToHalfOfItsPlan) {
  for (const int expansion : {2, 3, 4}) {
    for (int latency = 0; latency <= expansion * kHorizon / 2; ++latency) {
      World world(overlapped(expansion), latency, 0, expansion);
      for (int64_t step = 0; step < 120; ++step) {
        const Executed e = world.step();
        // Nothing to do before the first plan is there, and never again.
        EXPECT_EQ(e.held, step < latency) << "M " << expansion << " latency " << latency;
        if (e.held) continue;
        // Time-indexed: the first plan begins where the robot stopped waiting for it.
        const int64_t begin = e.plan_obs + (e.plan_obs == 0 ? latency : 0);
        EXPECT_EQ(e.token_step, step - begin) << "step " << step;
      }
    }
  }
}

TEST(Overlapped, LosesTimeButNothingElseBeyondThat) {
  World world(overlapped(2), /*planner=*/8, 0, 2);
  int held = 0;
  std::map<int64_t, int64_t> newest;  // of each plan: its newest executed token
  for (int64_t step = 0; step < 200; ++step) {
    const Executed e = world.step();
    held += e.held;
    if (e.held) continue;
    EXPECT_LT(e.token_step, 10);
    const auto [at, fresh] = newest.try_emplace(e.plan_obs, -1);
    EXPECT_EQ(e.token_step, fresh ? e.token_step : at->second + 1);  // in order, none twice
    at->second = e.token_step;
  }
  EXPECT_GT(held, 20);
  EXPECT_LT(held, 120);
  EXPECT_EQ(world.schedule.stats().held, held);
}

TEST(Overlapped, AsksTheRefinerAheadAndDropsWhatTimeHasOvertaken) {
  World world(overlapped(2), /*planner=*/1, /*refiner=*/2, 2);
  for (int64_t step = 0; step < 100; ++step) {
    const Executed e = world.step();
    EXPECT_EQ(e.held, step < 3) << step;  // the first plan, then the first chunk
    if (step >= 3 + kHorizon) {
      EXPECT_EQ(step - e.chunk_obs >= 2 && step - e.chunk_obs < kHorizon, true) << step;
    }
  }
  // Every chunk after the first lost its first two actions.
  const ScheduleStats& stats = world.schedule.stats();
  EXPECT_EQ(stats.stale_actions, 2 * (stats.chunks - 1));
}

TEST(Overlapped, RollForwardLosesNoActionAndSaysWhatWasCommitted) {
  World world(overlapped(3, "roll_forward"), /*planner=*/4, /*refiner=*/2, 3);
  for (int64_t step = 0; step < 100; ++step) EXPECT_EQ(world.step().held, step < 6) << step;
  EXPECT_EQ(world.schedule.stats().stale_actions, 0);
  for (size_t j = 1; j < world.jobs.size(); ++j) {
    const Job& job = world.jobs[j];
    EXPECT_EQ(job.rolled, 2);
    EXPECT_EQ(job.chunk_first, job.obs_step + 2);
    EXPECT_EQ(job.chunk_first, job.takeover);
    EXPECT_EQ(job.chunk_first, world.jobs[j - 1].chunk_first + kHorizon + (j == 1 ? 2 : 0));
  }
}

// A plan that begins where the committed actions end loses no tokens to the planner's latency, up
// to a chunk; beyond that the robot holds for what is missing, and still executes whole plans.
TEST(Overlapped, RollForwardKeepsPlansWholeWhileTheRefinerWorksToo) {
  World world(overlapped(2, "roll_forward"), /*planner=*/2, /*refiner=*/2, 2);
  const auto [held, moved] = drive_whole_plans(world);
  EXPECT_EQ(held, 4);  // the first plan and the first chunk
  EXPECT_NEAR(double(world.schedule.stats().plans), double(moved) / 10, 1.0);
  for (size_t p = 1; p < world.rolled.size(); ++p) EXPECT_EQ(world.rolled[p], 4);
}

TEST(Overlapped, RollForwardKeepsPlansWhole) {
  for (const int latency : {1, 3, 5, 8, 12}) {
    World world(overlapped(2, "roll_forward"), latency, 0, 2);
    SCOPED_TRACE("latency " + std::to_string(latency));
    const auto [held, moved] = drive_whole_plans(world);
    const int64_t plans = world.schedule.stats().plans;
    EXPECT_NEAR(double(moved), 10.0 * double(plans), 10.0) << "latency " << latency;
    const int missing = std::max(0, latency - kHorizon);
    EXPECT_NEAR(double(held), double(latency + missing * (plans - 1)), missing) << latency;
    for (size_t p = 1; p < world.rolled.size(); ++p) {
      EXPECT_EQ(world.rolled[p], std::min(latency, kHorizon)) << "latency " << latency;
    }
  }
}

// A plan may be told to be no older than its networks know: the robot holds for the rest.
TEST(Overlapped, RollsNoFurtherThanItIsTold) {
  ScheduleConfig config = overlapped(2, "roll_forward");
  config.max_roll = 3;
  World world(config, /*planner=*/5, 0, 2);
  const auto [held, moved] = drive_whole_plans(world);
  const int64_t plans = world.schedule.stats().plans;
  EXPECT_NEAR(double(held), 5.0 + 2.0 * double(plans - 1), 2.0);
  for (size_t p = 1; p < world.rolled.size(); ++p) EXPECT_EQ(world.rolled[p], 3);
}

TEST(Overlapped, InpaintFreezesWhatIsCommittedAndFadesWhatIsNot) {
  ScheduleConfig config = overlapped(2, "inpaint");
  config.execute = 3;
  World world(config, /*planner=*/0, /*refiner=*/1, 2);
  std::vector<Executed> log;
  for (int64_t step = 0; step < 60; ++step) log.push_back(world.step());
  for (size_t j = 2; j < world.jobs.size(); ++j) {
    const Job& job = world.jobs[j];
    EXPECT_EQ(job.takeover, job.obs_step + 1);
    // Chunks of five, three executed, asked one step early: of the old chunk one more action is
    // executed and one left.
    ASSERT_EQ(job.prior.count, 3 - 1);
    EXPECT_EQ(job.prior.weight[0], 1.0f);
    EXPECT_EQ(job.prior.weight[1], 0.5f);
    const auto& now = log[size_t(job.obs_step)];
    EXPECT_EQ(job.prior.actions[0][1], float(now.token_step));  // what that step executed
  }
}

TEST(Overlapped, EagerNeverRests) {
  ScheduleConfig config = overlapped(2);
  config.eager = true;
  World world(config, /*planner=*/2, 0, 2);
  for (int64_t step = 0; step < 50; ++step) world.step();
  ASSERT_GT(world.plans_asked.size(), 20u);
  for (size_t i = 1; i < world.plans_asked.size(); ++i) {
    EXPECT_EQ(world.plans_asked[i] - world.plans_asked[i - 1], 2);
  }
}

// A chunk that comes too late shortens nothing: the robot held still meanwhile.
TEST(Overlapped, HeldStepsShiftPlansAndChunksAlike) {
  World world(overlapped(2), /*planner=*/0, /*refiner=*/3, 2);
  world.schedule.set_lead(0, 0);  // nobody told it
  std::vector<int64_t> tokens;
  int held = 0;
  for (int64_t step = 0; step < 80; ++step) {
    const Executed e = world.step();
    held += e.held;
    if (!e.held) tokens.push_back(e.token_step);
  }
  EXPECT_EQ(held, 30);  // three of every eight
  for (size_t i = 0; i < tokens.size(); ++i) EXPECT_EQ(tokens[i], int64_t(i % 10)) << i;
}

}  // namespace
}  // namespace libra
