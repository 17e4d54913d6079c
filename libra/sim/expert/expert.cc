#include "libra/sim/expert/expert.h"

#include "libra/sim/engine/scene.h"
#include "libra/sim/expert/basket.h"
#include "libra/sim/expert/table.h"

namespace libra::sim::expert {

void Expert::reset(const SimEnv&) {
  done_ = false;
  phase_ = "reach";
}

Action Expert::act(const SimEnv& env) {
  // LIBERO's things on the floor stand closer than ours and turned: that takes what tables do.
  const engine::Scene& scene = env.scene();
  return scene.arena().floor && !scene.foreign() ? act_on_floor(config_, env, done_, phase_)
                                                 : act_on_table(config_, env, done_, phase_);
}

ExpertRun run_expert(SimEnv& env, const EpisodeKey& key, const ActionFilter& filter) {
  env.reset(key);
  Expert expert;
  expert.reset(env);
  StepResult result;
  ExpertRun run;
  for (; !result.done; ++run.steps) {
    const Action clean = expert.act(env);
    result = env.step(filter ? filter(expert, clean) : clean);
  }
  run.success = result.success;
  return run;
}

std::vector<Action> foresee(SimEnv& ahead, const SimEnv& env, int count) {
  ahead.set_state(env.state());
  Expert expert;
  expert.reset(ahead);
  std::vector<Action> actions;
  for (int i = 0; i < count; ++i) {
    actions.push_back(expert.act(ahead));
    ahead.step(actions.back());
  }
  return actions;
}

}  // namespace libra::sim::expert
