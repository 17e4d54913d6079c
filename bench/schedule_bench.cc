// What a chunk costs the robot under each schedule, by the clock, with networks that only sleep:
// the paper's 60 ms planner and 92 ms refiner, against its 220 ms without the split.
//   schedule_bench [CHUNKS] [PLANNER_MS] [REFINER_MS]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "libra/action/codec.h"
#include "libra/runtime/runtime.h"

namespace libra {
namespace {

class SleepingPolicy final : public Policy, public Planner, public Refiner {
 public:
  SleepingPolicy(double planner_ms, double refiner_ms)
      : planner_(planner_ms), refiner_(refiner_ms) {
    spec_.expansion = 5;
    spec_.embodiment = libero_panda();
  }
  const PolicySpec& spec() const override { return spec_; }
  Planner* planner() override { return this; }
  Refiner& refiner() override { return *this; }
  const action::Codec& codec() const override { return codec_; }
  void plan(std::span<const PlanRequest> requests, std::span<IntentPlan> plans) override {
    std::this_thread::sleep_for(planner_);
    for (size_t r = 0; r < requests.size(); ++r) {
      plans[r] = IntentPlan(spec_.expansion, spec_.horizon, codec_.model_dim(), spec_.bins);
    }
  }
  void refine(std::span<const RefineRequest>, std::span<ActionChunk> chunks) override {
    std::this_thread::sleep_for(refiner_);
    for (ActionChunk& chunk : chunks) chunk = ActionChunk(spec_.horizon, codec_.model_dim());
  }

 private:
  PolicySpec spec_;
  action::Codec codec_{libero_panda(), action::NormStats::identity(libero_panda())};
  std::chrono::duration<double, std::milli> planner_, refiner_;
};

struct Row {
  double mean_ms = 0, held_share = 0;
};

Row measure(SleepingPolicy& policy, const std::string& schedule, int expansion, int chunks) {
  AsyncOptions options;
  options.schedule.schedule = parse_word<ScheduleKind>(schedule, "schedule_bench");
  options.schedule.expansion = expansion;
  Observation observation;
  observation.images.assign(2, Image(128, 128));
  observation.proprio.assign(8, 0.0);
  AsyncRuntime runtime(policy, options, observation);
  runtime.reset("go", {});
  PeriodicLoop loop(policy.spec().embodiment.control_hz);
  loop.start();
  int64_t step = 0, counted = 0, first_held = 0;
  // Counting begins behind the first plan, whose wait no schedule can hide, and covers whole plans.
  double begin_ms = 0;
  const auto latency_sum = [&] { return runtime.chunk_latency_ms(); };
  for (; runtime.stats().chunks < 1 + chunks; ++step) {
    observation.step = step;
    runtime.tick(observation, step);
    if (counted == 0 && runtime.stats().chunks == 1) {
      begin_ms = latency_sum();
      first_held = runtime.stats().held;
      counted = step;
    }
    loop.wait();
  }
  return {(latency_sum() - begin_ms) / double(runtime.stats().chunks - 1),
          double(runtime.stats().held - first_held) / double(step - counted)};
}

}  // namespace
}  // namespace libra

int main(int argc, char** argv) {
  using namespace libra;
  const int chunks = argc > 1 ? std::atoi(argv[1]) : 60;
  const double planner = argc > 2 ? std::atof(argv[2]) : 60,
               refiner = argc > 3 ? std::atof(argv[3]) : 92;
  constexpr double kWithoutSplit = 220.0;  // ms, the paper's base model
  SleepingPolicy policy(planner, refiner);
  std::printf("planner %.0f ms, refiner %.0f ms, %d chunks each, 20 Hz by the clock\n", planner,
              refiner, chunks);
  std::printf("%-14s %10s %14s %12s\n", "schedule", "chunk ms", "below 220 ms", "robot holds");
  const auto row = [&](const std::string& schedule, int expansion) {
    const Row r = measure(policy, schedule, expansion, chunks);
    std::printf("%-10s M=%d %10.1f %12.1f %% %10.1f %%\n", schedule.c_str(), expansion, r.mean_ms,
                100.0 * (1.0 - r.mean_ms / kWithoutSplit), 100.0 * r.held_share);
    std::fflush(stdout);
  };
  row("sync", 1);
  for (int m = 2; m <= 5; ++m) row("amortised", m);
  for (int m = 2; m <= 5; ++m) row("overlapped", m);
  return 0;
}
