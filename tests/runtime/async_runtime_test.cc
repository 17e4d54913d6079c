#include "libra/runtime/async_runtime.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <stdexcept>
#include <thread>

#include "fakes.h"
#include "libra/core/error.h"
#include "libra/runtime/allocation_counter.h"
#include "libra/runtime/periodic.h"
#include "libra/runtime/policy_driver.h"

namespace libra {
namespace {

class ManualClock final : public Clock {
 public:
  int64_t now_ns() const override { return now_.load(); }
  void set_ms(double ms) { now_ = static_cast<int64_t>(ms * 1e6); }

 private:
  std::atomic<int64_t> now_{0};
};

Observation observation_at(int64_t step, int side = 8) {
  Observation observation;
  observation.proprio.assign(8, 0.0);
  observation.images.assign(2, Image(side, side));
  observation.step = step;
  return observation;
}

ScheduleConfig config_of(const std::string& schedule, const std::string& stale = "drop") {
  ScheduleConfig config;
  config.schedule = parse_word<ScheduleKind>(schedule, "test");
  config.stale = parse_word<Stale>(stale, "test");
  return config;
}

AsyncOptions options_of(const ScheduleConfig& schedule, const Clock* clock = nullptr) {
  AsyncOptions options;
  options.schedule = schedule;
  options.clock = clock;
  return options;
}

// Fails when it has not come true in a minute; nothing here takes a millisecond.
void wait_for(const std::function<bool()>& done) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!done()) {
    ASSERT_LT(std::chrono::steady_clock::now(), give_up);
    std::this_thread::yield();
  }
}

constexpr EpisodeSeed kSeed = {3, hash_name("task"), 4};

// The threads against virtual time: when every answer comes within the step that asked for it, to
// be seen by the next, both are the same machine with latencies of one step.
TEST(AsyncRuntime, DoesWhatVirtualTimeSays) {
  for (const char* schedule : {"sync", "amortised", "overlapped"}) {
    for (const char* stale : {"drop", "inpaint", "roll_forward"}) {
      const ScheduleConfig config = config_of(schedule, stale);
      const bool overlapped = config.schedule == ScheduleKind::kOverlapped;
      FakePolicy policy;
      Gate gate;
      policy.before_plan = [&](const PlanRequest&) { gate.pass(); };
      policy.before_refine = [&](const RefineRequest&) {
        if (overlapped) gate.pass();  // on one thread the planner has waited for it
      };
      ManualClock clock;
      Trace trace, virtual_trace;
      AsyncOptions options = options_of(config, &clock);
      options.trace = &trace;
      AsyncRuntime runtime(policy, options, observation_at(0));
      runtime.reset("go", kSeed);
      trace.collect();
      trace.clear();  // the reset is told of, which virtual time does not

      FakePolicy same;
      PolicyDriver driver(same, config,
                          {LatencyModel::parse(overlapped ? "50" : "0", "planner"),
                           LatencyModel::parse("50", "refiner"), false});
      driver.reset("go", "task", kSeed.seed, kSeed.episode);
      driver.set_trace(&virtual_trace);
      for (int64_t step = 0; step < 60; ++step) {
        const Observation observation = observation_at(step);
        const Tick expected = driver.act(observation, step);
        clock.set_ms(50.0 * double(step));
        const int64_t before = runtime.posted();
        const Tick tick = runtime.tick(observation, step);
        ASSERT_EQ(tick.source, expected.source) << schedule << " " << stale << " step " << step;
        ASSERT_EQ(tick.action, expected.action) << schedule << " " << stale << " step " << step;
        clock.set_ms(50.0 * double(step + 1));
        gate.open(runtime.posted() - before);
        wait_for([&] { return runtime.idle(); });
      }
      trace.collect();
      virtual_trace.collect();
      EXPECT_EQ(trace.timeline(), virtual_trace.timeline()) << schedule << " " << stale;
      gate.open(1000);
    }
  }
}

TEST(AsyncRuntime, NeitherAllocatesNorLocksOnTheControlThread) {
  FakePolicy policy;
  Trace trace;
  for (const char* schedule : {"amortised", "overlapped"}) {
    for (const char* stale : {"inpaint", "roll_forward"}) {
      AsyncOptions options = options_of(config_of(schedule, stale));
      options.trace = &trace;
      options.guard.rate_limit = 0.1;
      const Observation observation = observation_at(0, 64);
      AsyncRuntime runtime(policy, options, observation);
      const int64_t allocations = allocations_of_this_thread(), locks = locks_of_this_thread();
      for (int episode = 0; episode < 20; ++episode) {
        runtime.reset("pick up the milk and place it in the basket", kSeed);
        for (int64_t step = 0; step < 500; ++step) {
          runtime.tick(observation, step);
          while (step % 4 == 0 && !runtime.idle()) std::this_thread::yield();
        }
      }
      EXPECT_EQ(allocations_of_this_thread() - allocations, 0) << schedule << " " << stale;
      EXPECT_EQ(locks_of_this_thread() - locks, 0) << schedule << " " << stale;
      EXPECT_GT(runtime.posted(), 1000);
      trace.collect();
    }
  }
  // The counters do count.
  if (!allocations_are_counted()) GTEST_SKIP() << "a sanitizer's malloc is in use";
  const int64_t before = allocations_of_this_thread();
  std::vector<int> some(1000, 1);
  EXPECT_GT(allocations_of_this_thread(), before + some[0] - 1);
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  const int64_t locks = locks_of_this_thread();
  pthread_mutex_lock(&mutex);
  pthread_mutex_unlock(&mutex);
  EXPECT_EQ(locks_of_this_thread(), locks + 1);
}

TEST(AsyncRuntime, VoidsWhatIsInFlightWhenTheInstructionChanges) {
  FakePolicy policy;
  Gate gate;
  std::atomic<int> calls{0};
  policy.before_plan = [&](const PlanRequest&) {
    if (calls++ == 0) gate.pass();  // the first plan is long in coming
  };
  AsyncRuntime runtime(policy, options_of(config_of("overlapped")), observation_at(0));
  runtime.reset("put down the cup", kSeed);
  EXPECT_EQ(runtime.tick(observation_at(0), 0).source, Tick::Source::kHold);
  wait_for([&] { return calls > 0; });
  runtime.reset("pick up the milk", kSeed);
  EXPECT_EQ(runtime.tick(observation_at(0), 0).source, Tick::Source::kHold);
  gate.open();
  int64_t step = 1;
  Tick tick;
  wait_for([&] {
    tick = runtime.tick(observation_at(step), step);
    ++step;
    return tick.source == Tick::Source::kChunk;
  });
  EXPECT_FLOAT_EQ(tick.action[1], 2 / 100.0f);  // of the second epoch
}

TEST(AsyncRuntime, SurvivesNetworksThatThrow) {
  FakePolicy policy;
  std::atomic<int> plans{0}, chunks{0};
  policy.before_plan = [&](const PlanRequest&) {
    if (plans++ < 3) throw std::runtime_error("out of memory on the GPU");
  };
  policy.before_refine = [&](const RefineRequest&) {
    if (chunks++ < 2) throw 42;
  };
  for (const char* schedule : {"amortised", "overlapped"}) {
    plans = chunks = 0;
    AsyncRuntime runtime(policy, options_of(config_of(schedule)), observation_at(0));
    runtime.reset("go", kSeed);
    int64_t step = 0;
    wait_for([&] {
      const bool moves = runtime.tick(observation_at(step), step).source == Tick::Source::kChunk;
      ++step;
      return moves;
    });
    EXPECT_EQ(runtime.guard().count(GuardKind::kPlannerFailed), 3) << schedule;
    EXPECT_EQ(runtime.guard().count(GuardKind::kRefinerFailed), 2) << schedule;
    EXPECT_STREQ(runtime.last_error(), "an exception of unknown type") << schedule;
  }
}

TEST(AsyncRuntime, StopsOnNumbersThatAreNoneWhenToldTo) {
  FakePolicy policy;
  policy.after_refine = [](ActionChunk& chunk) {
    chunk.actions[2][1] = std::numeric_limits<float>::quiet_NaN();
  };
  AsyncOptions options = options_of(config_of("overlapped"));
  options.guard.on_fault = "stop";
  AsyncRuntime runtime(policy, options, observation_at(0));
  runtime.reset("go", kSeed);
  int64_t step = 0;
  Tick tick;
  wait_for([&] {
    tick = runtime.tick(observation_at(step), step);
    ++step;
    EXPECT_NE(tick.source, Tick::Source::kChunk);
    return tick.source == Tick::Source::kStopped;
  });
  EXPECT_EQ(runtime.guard().count(GuardKind::kNotFinite), 1);
  EXPECT_EQ(tick.action, (Action{0, 0, 0, 0, 0, 0, -1}));
}

TEST(AsyncRuntime, TheWatchdogSpeaksOncePerSilence) {
  FakePolicy policy;
  Gate gate;
  policy.before_plan = [&](const PlanRequest&) { gate.pass(); };
  ManualClock clock;
  AsyncOptions options = options_of(config_of("overlapped"), &clock);
  options.guard.planner_timeout_ms = 500;
  AsyncRuntime runtime(policy, options, observation_at(0));
  runtime.reset("go", kSeed);
  for (int64_t step = 0; step < 40; ++step) {
    clock.set_ms(50.0 * double(step));
    EXPECT_EQ(runtime.tick(observation_at(step), step).source, Tick::Source::kHold);
    EXPECT_EQ(runtime.guard().count(GuardKind::kPlannerSilent), step >= 10 ? 1 : 0) << step;
  }
  EXPECT_EQ(runtime.guard().explain(),
            "planner silent 1 times, first at step 10, for 500 ms; then hold\n");
  clock.set_ms(0);  // a clock that is set back makes no silence
  runtime.tick(observation_at(40), 40);
  EXPECT_EQ(runtime.guard().total(), 1);
  gate.open(100);
}

// Networks must not inherit the control thread's priority: at the same one they would keep it out.
TEST(AsyncRuntime, NetworksStayOrdinaryThreads) {
  FakePolicy policy;
  std::atomic<int> scheduling{-1};
  policy.before_plan = [&](const PlanRequest&) { scheduling = sched_getscheduler(0); };
  std::thread([&] {
    if (apply_realtime({1, -1, false})[0].find("granted") == std::string::npos) return;
    AsyncRuntime runtime(policy, options_of(config_of("overlapped")), observation_at(0));
    runtime.reset("go", kSeed);
    runtime.tick(observation_at(0), 0);
    wait_for([&] { return scheduling >= 0; });
  }).join();
  if (scheduling < 0) GTEST_SKIP() << "this machine grants no real-time priority";
  EXPECT_EQ(scheduling, SCHED_OTHER);
}

TEST(AsyncRuntime, CutsEndlessInstructions) {
  FakePolicy policy;
  std::atomic<size_t> length{0};
  policy.before_plan = [&](const PlanRequest& request) { length = request.instruction.size(); };
  AsyncRuntime runtime(policy, options_of(config_of("overlapped")), observation_at(0));
  runtime.reset(std::string(10'000, 'x'), kSeed);
  runtime.tick(observation_at(0), 0);
  wait_for([&] { return length > 0; });
  EXPECT_EQ(length, 512u);
}

TEST(AsyncRuntime, RefusesMoreChunksThanThePolicyPlans) {
  FakePolicy policy(2);
  ScheduleConfig config = config_of("overlapped");
  config.expansion = 3;
  EXPECT_THROW(AsyncRuntime(policy, options_of(config), observation_at(0)), Error);
}

}  // namespace
}  // namespace libra
