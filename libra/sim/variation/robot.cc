// Robot initial state: the arm starts 0.1 rad times the level away from the plain start, in a
// random direction of joint space, and the controller's orientation goal and rest posture are of
// there.
#include <algorithm>
#include <cmath>

#include "libra/core/error.h"
#include "libra/sim/variation/effect.h"

namespace libra::sim::variation {
namespace {

constexpr double kStep = 0.1;        // rad a level
constexpr double kClearance = 0.06;  // of the grip site above the surface (m)

class RobotEffect final : public Effect {
 public:
  explicit RobotEffect(const EffectRequest& r) : level_(r.variation.level), seed_(r.seed) {}

  void change_arm(engine::Scene& scene) override {
    constexpr int kTries = 1000;
    Rng rng(seed_);
    std::array<double, bodies::kArmJoints> plain;
    std::copy_n(scene.data()->qpos, bodies::kArmJoints, plain.begin());
    for (int attempt = 0; attempt < kTries; ++attempt) {
      std::array<double, bodies::kArmJoints> direction;
      double length = 0;
      for (double& g : direction) g = rng.normal(), length += g * g;
      const double scale = kStep * level_ / std::sqrt(length);
      for (size_t k = 0; k < bodies::kArmJoints; ++k)
        scene.data()->qpos[k] = plain[k] + scale * direction[k];
      if (is_free(scene)) return;
    }
    throw Error(ErrorCode::kFailed, "variation 'robot': no posture so far away is clear of things");
  }

 private:
  // Inside the joint limits, the gripper above what things stand on, and nothing touched.
  static bool is_free(const engine::Scene& scene) {
    const mjModel* m = scene.model();
    mjData* d = scene.data();
    for (int k = 0; k < bodies::kArmJoints; ++k) {
      if (d->qpos[k] <= m->jnt_range[2 * k] || d->qpos[k] >= m->jnt_range[2 * k + 1]) return false;
    }
    mj_fwdPosition(m, d);
    if (d->site_xpos[3 * scene.grip_site() + 2] < scene.arena().surface + kClearance) return false;
    const int robot = m->body_rootid[scene.hand_body()];
    for (int i = 0; i < d->ncon; ++i) {
      const int one = m->body_rootid[m->geom_bodyid[d->contact[i].geom1]];
      const int two = m->body_rootid[m->geom_bodyid[d->contact[i].geom2]];
      if (one != two && (one == robot || two == robot)) return false;
    }
    return true;
  }

  int level_;
  uint64_t seed_;
};

}  // namespace

std::unique_ptr<Effect> make_robot_effect(const EffectRequest& request) {
  return std::make_unique<RobotEffect>(request);
}

}  // namespace libra::sim::variation
