#include "libra/sim/episode.h"

#include <algorithm>

#include "libra/sim/engine/world.h"
#include "libra/sim/task/predicates.h"

namespace libra::sim {
namespace {

constexpr double kLiftHeight = 0.03;  // above where it lay (m)

// How an object is called as an item: by its category where that names one thing.
std::string item_name(const engine::Scene& scene, const engine::SceneObject& object) {
  const auto same = [&](const engine::SceneObject& o) { return o.category == object.category; };
  const auto& all = scene.objects();
  return std::count_if(all.begin(), all.end(), same) == 1 ? object.category : object.name;
}

}  // namespace

bool all_hold(std::span<const task::Predicate> atoms, const task::TaskSpec& spec,
              const engine::Scene& scene) {
  return task::holds_all(atoms, engine::SceneWorld(scene, spec.problem));
}

void Episode::begin(const task::TaskSpec& spec, const engine::Scene& scene,
                    const std::string& asked) {
  const std::string& instance =
      asked.empty() ? task::goal_target(spec.problem) : task::find_item(spec.problem, asked);
  const engine::SceneObject* moved = scene.find(instance);
  target_ = moved != nullptr ? item_name(scene, *moved) : instance;
  instruction_ = asked.empty() ? spec.task.instruction : task::asked_instruction(spec, asked);
  goal_ = asked.empty() ? spec.problem.goal : task::asked_goal(spec.problem, asked);
  asked_ = asked;
  first_lifted_.clear();
  step_ = 0;
  rest_height_.clear();
  items_.clear();
  const auto askable = task::askable_items(spec.problem);
  for (size_t i = 0; i < scene.objects().size(); ++i) {
    const engine::SceneObject& object = scene.objects()[i];
    rest_height_.push_back(scene.data()->xpos[3 * object.body + 2]);
    if (std::find(askable.begin(), askable.end(), object.name) != askable.end()) {
      items_.push_back(i);
    }
  }
}

void Episode::advance(const engine::Scene& scene) {
  ++step_;
  for (const size_t i : items_) {
    const engine::SceneObject& object = scene.objects()[i];
    if (first_lifted_.empty() &&
        scene.data()->xpos[3 * object.body + 2] > rest_height_[i] + kLiftHeight) {
      first_lifted_ = item_name(scene, object);
    }
  }
}

bool Episode::goal_holds(const task::TaskSpec& spec, const engine::Scene& scene) const {
  return all_hold(goal_, spec, scene);
}

StepResult Episode::outcome(const task::TaskSpec& spec, const engine::Scene& scene,
                            bool failed) const {
  const bool asks = !spec.old || spec.old->asks;
  const bool late = step_ >= spec.task.max_steps;
  const auto remembers = [&] {
    return spec.old && !spec.old->goal.empty() && all_hold(spec.old->goal, spec, scene);
  };
  StepResult result;
  if (!failed && asks && goal_holds(spec, scene)) result.reached = Goal::kAsked;
  if (!failed && result.reached == Goal::kNone && remembers()) result.reached = Goal::kOld;
  result.success =
      asks ? result.reached == Goal::kAsked : late && !failed && result.reached == Goal::kNone;
  result.done = result.reached != Goal::kNone || failed || late;
  return result;
}

std::vector<std::string> Episode::items(const engine::Scene& scene) const {
  std::vector<std::string> names;
  for (const size_t i : items_) names.push_back(item_name(scene, scene.objects()[i]));
  return names;
}

}  // namespace libra::sim
