// How fast the simulator runs in each suite: control steps per second with the scripted expert at
// work (its own thinking not counted), and where the time goes, in processor time. MuJoCo's share
// is what its substeps take alone, on a copy of the state; what else a step takes is ours. Usage:
// sim_bench [steps] [image size] [suite ...]
#include <mujoco/mujoco.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "libra/sim/engine/scene.h"
#include "libra/sim/sim.h"

namespace {

using namespace libra;
using namespace libra::sim;

// Processor time of all threads of the process, so that a busy machine does not spoil the numbers.
double now() { return 1000.0 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// Adds to `sum` what the call takes (ms).
template <class Call>
void timed(double& sum, Call&& call) {
  const double start = now();
  call();
  sum += now() - start;
}

// Resets and still scenes of the groceries, which change the model each time.
void measure_scenes(const SimConfig& config) {
  SimEnv env(load_suite("object").tasks.at(0), config);
  Observation observation;
  double first = 0, reset = 0, still = 0;
  constexpr uint64_t kResets = 5, kScenes = 20;
  timed(first, [&] {
    env.reset({});
    env.observe(observation);
  });
  for (uint64_t i = 0; i < kResets; ++i)
    timed(reset, [&] { env.reset({.layout = "shuffled", .episode = i}); });
  for (uint64_t i = 0; i < kScenes; ++i) timed(still, [&] { env.reset_random_scene(i); });
  std::printf("first reset and image (opens the context)  %8.1f ms\n", first);
  std::printf("reset, other groceries each time            %8.1f ms\n", reset / kResets);
  std::printf("random still scene                          %8.1f ms\n", still / kScenes);
}

void measure_suite(const std::string& suite, int steps, const SimConfig& config) {
  double step = 0, mujoco = 0, images = 0;
  const auto tasks = load_suite(suite).tasks;
  for (const task::TaskSpec& task : tasks) {
    SimEnv env(task, config);
    expert::Expert expert;
    Observation observation;
    env.reset({});
    expert.reset(env);
    env.observe(observation);
    const std::unique_ptr<mjData, bodies::DataDeleter> copy(mj_makeData(env.model()));
    for (int i = 0; i < steps; ++i) {
      const Action action = expert.act(env);
      bool done = false;
      mj_copyData(copy.get(), env.model(), env.data());
      timed(step, [&] { done = env.step(action).done; });
      timed(mujoco, [&] {
        for (int k = 0; k < engine::kSubsteps; ++k) mj_step(env.model(), copy.get());
      });
      timed(images, [&] { env.observe(observation); });
      if (done) env.reset({.episode = static_cast<uint64_t>(i)});
    }
  }
  const double total = step + images, count = double(steps) * double(tasks.size());
  std::printf(
      "%-8s %7.0f steps/s %6.1f x real time   MuJoCo %4.1f %%   rendering %4.1f %%   ours %4.1f "
      "%%\n",
      suite.c_str(), 1000 * count / total, 50 * count / total, 100 * mujoco / total,
      100 * images / total, 100 * (step - mujoco) / total);
}

}  // namespace

int main(int argc, char** argv) try {
  const int steps = argc > 1 ? std::atoi(argv[1]) : 100;  // of each task
  SimConfig config;
  if (argc > 2) config.image_size = std::atoi(argv[2]);
  std::vector<std::string> suites(argv + std::min(argc, 3), argv + argc);
  if (suites.empty()) suites = suite_names();
  measure_scenes(config);
  std::printf("control steps with two %d px cameras\n", config.image_size);
  for (const std::string& suite : suites) measure_suite(suite, steps, config);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "sim_bench: %s\n", error.what());
  return 2;
}
