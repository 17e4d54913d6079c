// Loads a checkpoint and steps it through the first episode of a task by hand: observe, plan,
// refine, act. What a robot's own control loop would do, without threads; for those see
// libra/runtime.
//   step_a_policy [LIBRA_DATA_ROOT]     default: where Libra was installed when this was built
#include <cstdio>
#include <string>

#include "libra/core/core.h"
#include "libra/policy/load_policy.h"
#include "libra/sim/sim.h"

int main(int argc, char** argv) try {
  libra::set_data_root(argc > 1 ? argv[1] : LIBRA_DATA_ROOT);
  const auto policy = libra::load_policy("checkpoints/libra_tiny_object");
  libra::sim::SimEnv env(libra::sim::load_suite("object").tasks.at(3));
  env.reset({.layout = "libero"});
  std::printf("%s\n", env.instruction().c_str());

  libra::Observation observation;
  libra::IntentPlan plan;
  libra::ActionChunk chunk;
  bool success = false;
  int64_t step = 0;
  for (bool done = false; !done && step < 280;) {
    env.observe(observation);
    size_t slice = static_cast<size_t>((step - plan.obs_step) / policy->spec().horizon);
    if (step == 0 || slice >= static_cast<size_t>(plan.expansion)) {  // the plan is used up
      const libra::PlanRequest request{.observation = &observation,
                                       .instruction = env.instruction()};
      policy->planner()->plan({&request, 1}, {&plan, 1});
      slice = 0;
    }
    const libra::RefineRequest request{.observation = &observation,
                                       .intent = &plan.intents[slice],
                                       .instruction = env.instruction(),
                                       .seed = static_cast<uint64_t>(step)};
    policy->refiner().refine({&request, 1}, {&chunk, 1});
    for (int i = 0; i < chunk.horizon && !done; ++i, ++step) {
      const auto action = chunk.actions[static_cast<size_t>(i)];
      const libra::StepResult result = env.step({action.begin(), action.end()});
      success = result.success;
      done = result.done || result.success;
    }
  }
  std::printf("%s after %lld steps\n", success ? "success" : "no success",
              static_cast<long long>(step));
  return 0;
} catch (const libra::Error& error) {
  std::fprintf(stderr, "step_a_policy: %s\n", error.what());
  return error.exit_code();
}
