// What an episode asks for and what has come of it so far. Source files only: it includes MuJoCo.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "libra/core/env.h"
#include "libra/sim/engine/scene.h"
#include "libra/sim/task/task_spec.h"

namespace libra::sim {

// Thread: one.
class Episode {
 public:
  // Begins at the scene's present state. spec: with the objects, regions and goal of this episode;
  // asked: the item to ask for instead of the task's own, "" none. Throws as find_item().
  void begin(const task::TaskSpec& spec, const engine::Scene& scene, const std::string& asked);
  // Counts a step and sees what has been lifted.
  void advance(const engine::Scene& scene);
  // Where the words ask for nothing, the right thing is not to do the old task until time is up.
  StepResult outcome(const task::TaskSpec& spec, const engine::Scene& scene, bool failed) const;
  bool goal_holds(const task::TaskSpec& spec, const engine::Scene& scene) const;

  const std::string& asked() const { return asked_; }
  const std::string& target() const { return target_; }
  const std::string& instruction() const { return instruction_; }
  const std::string& first_lifted() const { return first_lifted_; }
  const std::vector<task::Predicate>& goal() const { return goal_; }
  // Names of what can be asked for.
  std::vector<std::string> items(const engine::Scene& scene) const;
  int64_t step() const { return step_; }

 private:
  std::string asked_, target_, instruction_, first_lifted_;
  std::vector<task::Predicate> goal_;
  std::vector<size_t> items_;        // indices of the objects that can be asked for
  std::vector<double> rest_height_;  // of every object, at step 0
  int64_t step_ = 0;
};

bool all_hold(std::span<const task::Predicate> atoms, const task::TaskSpec& spec,
              const engine::Scene& scene);

}  // namespace libra::sim
