// A scene with its controller, moved by control steps. Source files only: it includes MuJoCo.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "libra/core/observation.h"
#include "libra/core/rng.h"
#include "libra/sim/engine/layout.h"
#include "libra/sim/engine/osc.h"
#include "libra/sim/engine/scene.h"

namespace libra::sim::engine {

// Thread: one.
class Physics {
 public:
  void set_scene(std::unique_ptr<Scene> scene) { scene_ = std::move(scene); }
  bool has_scene() const { return scene_ != nullptr; }
  Scene& scene() const { return *scene_; }
  mjModel* model() const { return scene_->model(); }
  mjData* data() const { return scene_->data(); }

  // Everything as it was compiled, the controller pulling to the ready posture.
  void clear();
  // Objects upright on the floor, in their order.
  void put_on_floor(const std::vector<FloorPoint>& points);
  // The arm at its ready posture, with normal noise of so many radians, fingers half open.
  void ready_arm(double noise, Rng& rng);
  // Fingers open by so much (m), the controller as after a reset where everything stands now.
  void hold_still(double opening);
  // The controller pulls to a posture that lies so far (rad) beside the one of now.
  void shift_rest(const std::array<double, bodies::kArmJoints>& before);
  // What the controller pulls to (rad), from the next settle() or put() on.
  std::array<double, bodies::kArmJoints>& rest() { return rest_; }
  // Lets things come to rest while the gripper opens; then time starts at zero. unseen: the first
  // step is that of robosuite after a reset (OscController::begin_unseen).
  void settle(int control_steps, bool unseen = false);

  void control_step(const Action& action);
  // The physics blew up since the last put().
  bool failed() const { return failed_; }
  void forget_failure() { failed_ = false; }

  // [time, qpos, qvel].
  std::vector<double> state() const;
  // Throws Error(kBadInput) when the size is another.
  void put(std::span<const double> state);

 private:
  void note_instability();

  std::unique_ptr<Scene> scene_;
  OscController controller_;
  std::array<double, bodies::kArmJoints> rest_ = bodies::kReadyPosture;
  bool failed_ = false;
};

}  // namespace libra::sim::engine
