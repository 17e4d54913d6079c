// What a variation does to one episode, phase by phase. Source files only: scene.h includes MuJoCo.
#pragma once

#include <array>
#include <memory>
#include <numbers>
#include <string_view>
#include <vector>

#include "libra/core/rng.h"
#include "libra/sim/engine/scene.h"
#include "libra/sim/task/task_spec.h"
#include "libra/sim/variation/preset.h"
#include "libra/sim/variation/variation.h"

namespace libra::sim::variation {

inline constexpr double kDegree = std::numbers::pi / 180.0;  // rad

// The hooks, in the order in which reset() calls them; each does nothing unless it is overridden.
// An effect draws from its own seed only, so what it does not change is as in the plain episode.
class Effect {
 public:
  virtual ~Effect() = default;
  // The task file of the episode, before the scene is made: instruction, goal, where things start.
  virtual void change_task(task::TaskSpec& /*episode*/) {}
  // Things to have in the scene besides those of the file. They are no part of what the file's own
  // things are placed among: place() says where they lie.
  virtual std::vector<task::Instance> added_objects(const task::Problem& /*problem*/) { return {}; }
  // Everything stands where the file says, nothing has settled yet: fixtures, objects.
  virtual void place(engine::Scene& /*scene*/, const task::Problem& /*problem*/) {}
  // The model: cameras, lights, textures. The scene puts it back before the next episode.
  virtual void change_model(engine::Scene& /*scene*/) {}
  // The arm's joints, which are in qpos as the plain episode starts. The controller's rest posture
  // moves along with them.
  virtual void change_arm(engine::Scene& /*scene*/) {}
  // The controller's rest posture alone (rad).
  virtual void change_rest(std::array<double, bodies::kArmJoints>& /*rest*/) {}
  // What a camera sees at a control step.
  virtual void change_image(std::string_view /*camera*/, int64_t /*step*/, Image& /*image*/) const {
  }
};

// `variation` has nothing left open (resolve_variation); the plain episode has what the task's
// preset says, nullptr without one. Throws Error(kBadInput) where the variation cannot be made of
// this task.
std::unique_ptr<Effect> make_effect(const Variation& variation, const task::TaskSpec& spec,
                                    uint64_t seed);

// The level's fifth of [low, high], `share` in [0, 1) of the way into it.
inline double graded(int level, double share, double low, double high) {
  return low + (high - low) * (level - 1 + share) / kVariationLevels;
}

// One maker per kind, each in the source file of its name.
struct EffectRequest {
  const Variation& variation;
  const task::TaskSpec& spec;
  // Of everything the effect draws: the same for all levels of a subkind, so that an episode's
  // levels differ in strength alone.
  uint64_t seed;
};
std::unique_ptr<Effect> make_camera_effect(const EffectRequest& request);
std::unique_ptr<Effect> make_robot_effect(const EffectRequest& request);
std::unique_ptr<Effect> make_light_effect(const EffectRequest& request);
std::unique_ptr<Effect> make_background_effect(const EffectRequest& request);
std::unique_ptr<Effect> make_noise_effect(const EffectRequest& request);
std::unique_ptr<Effect> make_layout_effect(const EffectRequest& request);
std::unique_ptr<Effect> make_language_effect(const EffectRequest& request);
std::unique_ptr<Effect> make_clearance_effect(const EffectRequest& request);
std::unique_ptr<Effect> make_memory_effect(const EffectRequest& request);  // of all four tests

// With everything given.
std::unique_ptr<Effect> make_camera_effect(CameraMove move);
std::unique_ptr<Effect> make_noise_effect(int number, uint64_t seed);  // as Preset::noise
std::unique_ptr<Effect> make_preset_effect(const Preset& preset, uint64_t seed);

}  // namespace libra::sim::variation
