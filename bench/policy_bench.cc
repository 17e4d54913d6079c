// How long a checkpoint takes to load, to plan and to refine, and how much memory it needs. One
// observation at a time. Usage: policy_bench CHECKPOINT [f32|bf16|auto] [cpu|cuda] [threads]
// [repeats]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>

#include "libra/core/core.h"
#include "libra/policy/inspect.h"
#include "libra/policy/load_policy.h"

namespace {

using namespace libra;

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Median of `repeats` calls, after one that warms up.
double median_of(int repeats, const std::function<void()>& work) {
  work();
  std::vector<double> times;
  for (int i = 0; i < repeats; ++i) times.push_back(seconds_of(work));
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

// A line of /proc/self/status in gigabytes: VmRSS now, VmHWM the most so far.
double memory(const std::string& key) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key + ":")) return std::atof(line.c_str() + key.size() + 1) / 1e6;
  }
  return 0;
}

Observation noise(const PolicySpec& spec) {
  Rng rng(1);
  Observation observation;
  observation.proprio.assign(size_t(spec.embodiment.proprio_dim()), 0.0);
  for (size_t c = 0; c < spec.embodiment.cameras.size(); ++c) {
    observation.images.emplace_back(spec.image_size, spec.image_size);
    for (auto& byte : observation.images.back().rgb) byte = uint8_t(rng.below(256));
  }
  return observation;
}

int run(int argc, char** argv) {
  const std::string checkpoint = argv[1];
  const PolicyOptions options{
      .threads = argc > 4 ? std::atoi(argv[4]) : 2,
      .precision = parse_word<Precision>(argc > 2 ? argv[2] : "auto", "PRECISION"),
      .device = argc > 3 ? argv[3] : "cpu"};
  const int repeats = argc > 5 ? std::max(1, std::atoi(argv[5])) : 5;
  const auto summary = policy::inspect_checkpoint(checkpoint);
  std::printf("%s: %.3f billion weights, %.2f GB; %s on %s, %d threads\n", summary.name.c_str(),
              double(summary.total) / 1e9, double(summary.bytes) / 1e9, word_of(options.precision),
              options.device.c_str(), options.threads);
  std::unique_ptr<Policy> policy;
  const double load = seconds_of([&] { policy = load_policy(checkpoint, options); });
  std::printf("load      %8.3f s    %6.2f GB resident afterwards\n", load, memory("VmRSS"));

  const Observation observation = noise(policy->spec());
  const std::string instruction = "pick up the butter and place it in the basket";
  IntentPlan plan;
  double planner = 0;
  if (policy->planner() != nullptr) {
    const PlanRequest request{&observation, instruction, 0};
    planner = median_of(repeats, [&] { policy->planner()->plan({&request, 1}, {&plan, 1}); });
    std::printf("planner   %8.3f s    median of %d\n", planner, repeats);
  }
  const RefineRequest request{&observation, &plan.intents[0], instruction, 1};
  ActionChunk chunk;
  const double refiner = median_of(repeats, [&] {
    policy->refiner().refine({&request, 1}, {&chunk, 1});
  });
  std::printf("refiner   %8.3f s    median of %d\n", refiner, repeats);
  for (int m = 1; planner > 0 && m <= 5; ++m) {
    std::printf("per chunk %8.3f s    at M = %d, amortised: planner / M + refiner\n",
                planner / m + refiner, m);
  }
  std::printf("memory    %8.2f GB   at most, of which the file's pages can be given back\n",
              memory("VmHWM"));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr,
                 "usage: policy_bench CHECKPOINT [f32|bf16|auto] [cpu|cuda] [threads] [repeats]\n");
    return 2;
  }
  try {
    return run(argc, argv);
  } catch (const libra::Error& e) {
    std::fprintf(stderr, "policy_bench: %s\n", e.what());
    return e.exit_code();
  }
}
