// A scripted demonstrator: reaches the goal of any task of the suites by contact and friction.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "libra/core/observation.h"
#include "libra/sim/sim_env.h"

namespace libra::sim::expert {

struct ExpertConfig {
  double gain = 14.0;    // position error (m) to action; an action of 1 moves about 1.3 cm a step
  double speed = 0.9;    // largest action
  double funnel = 0.03;  // distance from the item's axis at which descending may begin (m)
  double align = 0.008;  // distance from the item's axis at which the fingers may close (m)
  double cruise_height = 0.2;  // least height of the grip site on the way to an item (m)
  double turn_gain = 1.6;      // orientation error (rad) to action, where the gripper is turned
  double turn_speed = 0.6;     // largest action of a turn
};

// The action depends on nothing but the present state (gripper pose, finger opening, item poses),
// so it is defined in every state, however the arm came there, and recovers from pushes and misses.
class Expert {
 public:
  explicit Expert(ExpertConfig config = {}) : config_(config) {}
  // Begins an episode; needs the environment after its reset.
  void reset(const SimEnv& env);
  // The clean action for the present state.
  Action act(const SimEnv& env);
  // The goal holds and the gripper has let go.
  bool done() const { return done_; }
  // "reach", "descend", "close", "lift", "carry", "release", "retreat", "pull", "push", "turn":
  // what the last action was for.
  const char* phase() const { return phase_; }

 private:
  ExpertConfig config_;
  bool done_ = false;
  const char* phase_ = "reach";
};

struct ExpertRun {
  bool success = false;
  int steps = 0;  // until the goal held or the episode ended
};
// What is executed in place of the expert's action `clean`; called once a step, before it.
using ActionFilter = std::function<Action(const Expert& expert, const Action& clean)>;
// An episode of the expert alone, from its initial state.
ExpertRun run_expert(SimEnv& env, const EpisodeKey& key, const ActionFilter& filter = {});
// The expert's next `count` actions from the present state of `env`, which is left as it is: they
// are rolled in `ahead`, another environment of the same task and reset to the same key.
std::vector<Action> foresee(SimEnv& ahead, const SimEnv& env, int count);

}  // namespace libra::sim::expert
