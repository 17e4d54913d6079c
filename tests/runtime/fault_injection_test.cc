// A million control steps with everything going wrong at random: networks that throw, hang, answer
// late or with numbers that are none, a clock that jumps, resets in storms, a control thread that
// falls asleep. What must hold: no deadlock, no action of an old epoch, every loss counted.
#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

#include "fakes.h"
#include "libra/runtime/async_runtime.h"

namespace libra {
namespace {

// Runs forward, and now and then leaps, either way.
class JumpingClock final : public Clock {
 public:
  int64_t now_ns() const override { return steady_clock().now_ns() + leap_.load(); }
  void leap(int64_t ns) { leap_ += ns; }

 private:
  std::atomic<int64_t> leap_{0};
};

// Each network's own dice; only its own thread throws them.
struct Dice {
  explicit Dice(uint64_t seed) : rng(seed) {}
  Rng rng;
  bool one_in(uint64_t n) { return rng.below(n) == 0; }
};

void misbehave(Dice& dice) {
  if (dice.one_in(50)) throw std::runtime_error("injected");
  if (dice.one_in(300)) std::this_thread::sleep_for(std::chrono::milliseconds(3));  // hangs
  if (dice.one_in(5)) std::this_thread::yield();
}

class FaultInjection : public testing::TestWithParam<const char*> {};

#ifdef __SANITIZE_THREAD__
constexpr int64_t kTicks = 100'000;  // each takes twenty times as long
#else
constexpr int64_t kTicks = 1'000'000;
#endif

TEST_P(FaultInjection, MillionStepsLoseNothingUncounted) {
  FakePolicy policy;
  Dice planner_dice(1), refiner_dice(2), world(3);
  policy.before_plan = [&](const PlanRequest&) { misbehave(planner_dice); };
  policy.before_refine = [&](const RefineRequest&) { misbehave(refiner_dice); };
  policy.after_refine = [&](ActionChunk& chunk) {
    if (refiner_dice.one_in(40)) chunk.actions[1][0] = std::numeric_limits<float>::infinity();
    if (refiner_dice.one_in(200)) chunk.horizon = int(refiner_dice.rng.below(40)) - 10;
  };
  JumpingClock clock;
  Trace trace(1 << 12, 1 << 8);
  AsyncOptions options;
  options.schedule.schedule = parse_word<ScheduleKind>(GetParam(), "test");
  options.schedule.stale = Stale::kInpaint;
  options.schedule.adaptive.enabled = true;
  options.guard.planner_timeout_ms = 1.0;
  options.guard.refiner_timeout_ms = 1.0;
  options.clock = &clock;
  options.trace = &trace;
  Observation observation;
  observation.images.assign(2, Image(4, 4));
  AsyncRuntime runtime(policy, options, observation);

  int64_t step = 0, actions_executed = 0, resets = 0;
  uint32_t epoch = 0;
  const auto reset = [&] {
    runtime.reset(resets % 2 == 0 ? "put down the cup" : "pick up the milk",
                  {1, 2, uint64_t(resets)});
    ++epoch;
    ++resets;
    step = 0;
  };
  reset();
  for (int64_t tick = 0; tick < kTicks; ++tick) {
    if (world.one_in(400)) {
      for (uint64_t storm = world.rng.below(4) + 1; storm > 0; --storm) reset();
    }
    if (world.one_in(2000)) clock.leap(int64_t(world.rng.below(4'000'000'000)) - 2'000'000'000);
    if (world.one_in(20'000)) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    if (world.one_in(100)) trace.collect();
    if (world.one_in(8)) {  // or a million ticks would be over before the networks woke
      while (!runtime.idle()) std::this_thread::yield();
    }
    observation.step = step;
    const Tick now = runtime.tick(observation, step);
    if (now.source == Tick::Source::kChunk) {
      ++actions_executed;
      ASSERT_NEAR(now.action[1], double(epoch % 100) / 100.0, 1e-6) << "stale, tick " << tick;
      // An action torn between two plans would not have its own checksum.
      ASSERT_NEAR(now.action[4], (now.action[0] + now.action[1] + now.action[2]) / 4.0f, 1e-6);
      for (float x : now.action) ASSERT_LE(std::abs(x), 1.0f);
    }
    ++step;
  }
  EXPECT_GT(actions_executed, kTicks / 10);
  EXPECT_GT(resets, kTicks / 500);
  EXPECT_GT(runtime.guard().count(GuardKind::kPlannerFailed), 0);
  EXPECT_GT(runtime.guard().count(GuardKind::kRefinerFailed), 0);
  EXPECT_GT(runtime.guard().count(GuardKind::kNotFinite), 0);

  // Every job was answered, or replaced by a newer one and counted.
  while (!runtime.idle()) std::this_thread::yield();
  runtime.tick(observation, step);
  while (!runtime.idle()) std::this_thread::yield();
  EXPECT_EQ(runtime.posted(), runtime.answered() + runtime.replaced() + runtime.unread());
  EXPECT_GT(runtime.void_answers() + runtime.replaced(), 0);
}

INSTANTIATE_TEST_SUITE_P(Schedules, FaultInjection,
                         testing::Values("sync", "amortised", "overlapped"));

}  // namespace
}  // namespace libra
