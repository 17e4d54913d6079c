// How fast the simulator runs: control steps per second with the scripted expert at work, and where
// the time goes, in processor time. Usage: sim_bench [steps] [image size]
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "libra/sim/osc.h"
#include "libra/sim/sim.h"

namespace {

// Processor time of all threads of the process, so that a busy machine does not spoil the numbers.
double now() { return 1000.0 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }
double milliseconds(double since) { return now() - since; }

}  // namespace

int main(int argc, char** argv) {
  using namespace libra;
  using namespace libra::sim;
  const int steps = argc > 1 ? std::atoi(argv[1]) : 400;
  SimConfig config;
  if (argc > 2) config.image_size = std::atoi(argv[2]);
  SimEnv env(load_suite("object").tasks.at(0), config);
  Expert expert;
  Observation observation;

  double start = now();
  env.reset({});
  env.observe(observation);
  std::printf("first reset and image (opens the context)  %8.1f ms\n", milliseconds(start));

  constexpr int kResets = 5;
  start = now();
  for (uint64_t i = 0; i < kResets; ++i) env.reset({"shuffled", 0, i, ""});
  std::printf("reset, other groceries each time            %8.1f ms\n",
              milliseconds(start) / kResets);
  constexpr int kScenes = 20;
  start = now();
  for (uint64_t i = 0; i < kScenes; ++i) env.reset_random_scene(i);
  std::printf("random still scene                          %8.1f ms\n",
              milliseconds(start) / kScenes);

  env.reset({});
  expert.reset(env);
  double physics = 0, images = 0;
  for (int i = 0; i < steps; ++i) {
    start = now();
    const bool done = env.step(expert.act(env)).done;
    physics += milliseconds(start);
    start = now();
    env.observe(observation);
    images += milliseconds(start);
    if (done) env.reset({"libero", 0, static_cast<uint64_t>(i), ""});
  }

  // The controller's share, by calling it alone as often as the substeps do.
  const Scene scene("libero_floor_manipulation", load_suite("object").tasks.at(0).problem.objects);
  OscController controller;
  controller.reset(scene, 0.04);
  mj_forward(scene.model(), scene.data());
  start = now();
  for (int i = 0; i < 200 * kSubsteps; ++i) controller.apply(scene);
  const double control = milliseconds(start) / 200;

  const double step = physics / steps, image = images / steps, total = step + image;
  std::printf(
      "control step with two %d px cameras         %8.3f ms = %.0f steps/s, %.1f x real time\n",
      config.image_size, total, 1000 / total, 50 / total);
  std::printf("  physics (mj_step, 25 substeps)            %8.3f ms  %4.1f %%\n", step - control,
              100 * (step - control) / total);
  std::printf("  controller (25 times)                     %8.3f ms  %4.1f %%\n", control,
              100 * control / total);
  std::printf("  rendering                                 %8.3f ms  %4.1f %%\n", image,
              100 * image / total);
  return 0;
}
