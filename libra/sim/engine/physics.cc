#include "libra/sim/engine/physics.h"

#include <algorithm>

#include "libra/core/error.h"
#include "libra/sim/engine/placement.h"

namespace libra::sim::engine {

void Physics::clear() {
  rest_ = bodies::kReadyPosture;
  mj_resetData(model(), data());
}

void Physics::put_on_floor(const std::vector<FloorPoint>& points) {
  for (size_t i = 0; i < points.size(); ++i) {
    const SceneObject& object = scene_->objects()[i];
    const double bottom = object.model.half[2] - object.model.center[2];
    put_object(*scene_, object, {points[i][0], points[i][1], bottom + 2e-4}, 0);
  }
}

void Physics::ready_arm(double noise, Rng& rng) {
  constexpr double kFingersAtStart = 0.020833;
  for (int k = 0; k < bodies::kArmJoints; ++k) {
    data()->qpos[k] = bodies::kReadyPosture[static_cast<size_t>(k)] + noise * rng.normal();
  }
  data()->qpos[kFingerQpos] = kFingersAtStart;
  data()->qpos[kFingerQpos + 1] = -kFingersAtStart;
}

void Physics::hold_still(double opening) {
  data()->qpos[kFingerQpos] = opening;
  data()->qpos[kFingerQpos + 1] = -opening;
  controller_.reset(*scene_, opening);
  mj_forward(model(), data());
}

void Physics::shift_rest(const std::array<double, bodies::kArmJoints>& before) {
  for (size_t k = 0; k < bodies::kArmJoints; ++k) rest_[k] += data()->qpos[k] - before[k];
}

void Physics::settle(int control_steps, bool unseen) {
  controller_.reset(*scene_, data()->qpos[kFingerQpos], rest_);
  if (unseen) controller_.begin_unseen();
  const Action still = {0, 0, 0, 0, 0, 0, -1};
  for (int i = 0; i < control_steps; ++i) control_step(still);
  std::vector<double> settled = state();
  settled[0] = 0;
  put(settled);
}

void Physics::control_step(const Action& action) {
  controller_.set_goal(*scene_, action);
  for (int i = 0; i < kSubsteps; ++i) {
    mj_step1(model(), data());
    controller_.apply(*scene_);
    mj_step2(model(), data());
  }
  scene_->update_poses();
  note_instability();
}

void Physics::note_instability() {
  for (const int kind : {mjWARN_BADQPOS, mjWARN_BADQVEL, mjWARN_BADQACC, mjWARN_BADCTRL}) {
    if (data()->warning[kind].number > 0) failed_ = true;
  }
}

std::vector<double> Physics::state() const {
  std::vector<double> out{data()->time};
  out.insert(out.end(), data()->qpos, data()->qpos + model()->nq);
  out.insert(out.end(), data()->qvel, data()->qvel + model()->nv);
  return out;
}

void Physics::put(std::span<const double> state) {
  const auto nq = static_cast<size_t>(model()->nq), nv = static_cast<size_t>(model()->nv);
  if (state.size() != 1 + nq + nv) {
    throw Error(ErrorCode::kBadInput, {.where = "state",
                                       .problem = "has the wrong size for this scene",
                                       .expected = std::to_string(1 + nq + nv) + " numbers",
                                       .found = std::to_string(state.size())});
  }
  mj_resetData(model(), data());
  data()->time = state[0];
  std::copy_n(state.begin() + 1, nq, data()->qpos);
  std::copy_n(state.begin() + 1 + static_cast<long>(nq), nv, data()->qvel);
  controller_.reset(*scene_, data()->qpos[kFingerQpos], rest_);
  mj_forward(model(), data());
  note_instability();
}

}  // namespace libra::sim::engine
