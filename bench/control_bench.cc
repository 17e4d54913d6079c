// The control thread while both networks of a policy keep the cores busy: wake-up latency,
// overruns, allocations and locks at several rates.
//   control_bench CHECKPOINT [SECONDS] [PRIORITY] [HZ ...]     default: 600 s each, SCHED_FIFO 50,
//   20 100 500
// Networks work back to back: the planner never rests, and the refiner makes a new chunk every
// step.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "libra/core/memory.h"
#include "libra/policy/load_policy.h"
#include "libra/runtime/allocation_counter.h"
#include "libra/runtime/runtime.h"

namespace libra {
namespace {

double us(int64_t ns) { return double(ns) / 1e3; }

void measure(Policy& policy, double hz, double seconds, const RealtimeWish& wish) {
  Observation observation;
  observation.images.assign(2, Image(policy.spec().image_size, policy.spec().image_size));
  AsyncOptions options;
  options.schedule.schedule = ScheduleKind::kOverlapped;
  options.schedule.eager = true;
  options.schedule.execute = 1;
  options.control_hz = hz;
  AsyncRuntime runtime(policy, options, observation);
  for (const std::string& line : apply_realtime(wish)) std::printf("  %s\n", line.c_str());
  runtime.reset("pick up the milk and place it in the basket", {});
  PeriodicLoop loop(hz);
  LatencyHistogram tick;
  loop.start();
  const int64_t steps = static_cast<int64_t>(seconds * hz);
  const int64_t allocations = allocations_of_this_thread(), locks = locks_of_this_thread();
  for (int64_t step = 0; step < steps; ++step) {
    observation.step = step;
    const int64_t begin = steady_clock().now_ns();
    runtime.tick(observation, step);
    tick.add(steady_clock().now_ns() - begin);
    loop.wait();
  }
  const int64_t allocated = allocations_of_this_thread() - allocations;
  const int64_t locked = locks_of_this_thread() - locks;
  const LatencyHistogram& w = loop.wake_up();
  const AsyncLatency& l = runtime.latency();
  std::printf(
      "%6.0f Hz %8lld ticks | wake-up us p50 %.0f p99 %.0f p99.9 %.0f max %.0f | tick us p50 "
      "%.1f p99.9 %.0f | overruns %lld | allocations %lld locks %lld\n",
      hz, static_cast<long long>(loop.periods()), us(w.percentile_ns(.5)), us(w.percentile_ns(.99)),
      us(w.percentile_ns(.999)), us(w.max_ns()), us(tick.percentile_ns(.5)),
      us(tick.percentile_ns(.999)), static_cast<long long>(loop.overruns()),
      static_cast<long long>(allocated), static_cast<long long>(locked));
  std::printf(
      "           networks meanwhile: %lld plans, %lld chunks; planner p50 %.1f ms, refiner "
      "p50 %.1f ms\n",
      static_cast<long long>(runtime.stats().plans), static_cast<long long>(runtime.stats().chunks),
      us(l.planner.percentile_ns(.5)) / 1e3, us(l.refiner.percentile_ns(.5)) / 1e3);
  std::fflush(stdout);
}

}  // namespace
}  // namespace libra

int main(int argc, char** argv) {
  using namespace libra;
  if (argc < 2) {
    std::fprintf(stderr, "usage: control_bench CHECKPOINT [SECONDS] [PRIORITY] [HZ ...]\n");
    return 2;
  }
  try {
    keep_freed_memory();
    const double seconds = argc > 2 ? std::atof(argv[2]) : 600;
    RealtimeWish wish;
    wish.fifo_priority = argc > 3 ? std::atoi(argv[3]) : 50;
    wish.lock_memory = true;
    std::vector<double> rates;
    for (int i = 4; i < argc; ++i) rates.push_back(std::atof(argv[i]));
    if (rates.empty()) rates = {20, 100, 500};
    const auto policy = load_policy(argv[1]);
    for (double hz : rates) measure(*policy, hz, seconds, wish);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "control_bench: %s\n", e.what());
    return 1;
  }
  return 0;
}
