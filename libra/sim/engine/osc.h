// OSC_POSE: operational-space control of the grip site in position and orientation, with gravity
// compensation and a null-space pull to the rest posture, and the integrated gripper command.
// Formulas and gains: robosuite's controller of the same name as LIBERO configures it.
#pragma once

#include <array>
#include <vector>

#include "libra/core/observation.h"
#include "libra/sim/engine/scene.h"

namespace libra::sim::engine {

struct OscGains {
  double kp = 150.0;           // 1/s^2, position and orientation
  double damping_ratio = 1.0;  // kd = 2 sqrt(kp) ratio
  double null_kp = 10.0;       // 1/s^2, posture
  double move_scale = 0.05;    // m of an action of 1
  double turn_scale = 0.5;     // rad of an action of 1
};

class OscController {
 public:
  explicit OscController(OscGains gains = {}) : gains_(gains) {}

  // Orientation goal and rest posture become those of `rest` (rad); the gripper command becomes the
  // one whose target is `finger` (m, opening of the first finger). Changes the scene's poses.
  void reset(const Scene& scene, double finger,
             const std::array<double, bodies::kArmJoints>& rest = bodies::kReadyPosture);
  // After reset(): as robosuite 1.4 begins an episode. Its controller has not looked at the arm
  // since that stood at the rest posture: the first goal counts from the grip site there, the first
  // substep only bears the arm's weight (for an action without motion), and the gripper command
  // starts half open.
  void begin_unseen();
  // Once per control step, with poses up to date: position goal = grip site + 0.05 a; a rotation of
  // exactly zero keeps the orientation goal. Entries are clipped to [-1, 1].
  void set_goal(const Scene& scene, const Action& action);
  // Every substep, after mj_step1: writes the seven torques and the two finger targets to ctrl.
  void apply(const Scene& scene);

 private:
  OscGains gains_;
  std::array<double, 3> goal_position_{}, rest_position_{};
  std::array<double, 9> goal_rotation_{};
  std::array<double, bodies::kArmJoints> rest_ = bodies::kReadyPosture;
  double most_open_ = 1;
  std::array<double, 2> grip_{};  // integrated command of the fingers, [-1, 1]
  double grip_sign_ = 0;
  bool unseen_ = false;           // what begin_unseen() says holds until the first substep is over
  std::vector<double> jacobian_;  // scratch, 6 x nv
};

}  // namespace libra::sim::engine
