// Camera viewpoint: agentview is moved or turned, as LIBERO-Plus does it. The hand camera stays.
#include "libra/core/error.h"
#include "libra/sim/variation/effect.h"

namespace libra::sim::variation {
namespace {

constexpr double kDegree = std::numbers::pi / 180.0;
// LIBERO-Plus turns about (0, 0, 0.8) on tables of 0.9 m.
constexpr double kPivotBelowSurface = 0.1;

struct CameraPose {
  Vec3 position;  // from the pivot
  Quat quat;
};

CameraPose turned(const CameraPose& pose, const Quat& by) {
  return {rotate(matrix(by), pose.position), multiply(by, pose.quat)};
}

class CameraEffect final : public Effect {
 public:
  explicit CameraEffect(const EffectRequest& r) : variation_(r.variation), seed_(r.seed) {}

  void change_model(engine::Scene& scene) override {
    mjModel* m = scene.model();
    const int id = mj_name2id(m, mjOBJ_CAMERA, "agentview");
    if (id < 0 || m->cam_bodyid[id] != 0) {
      throw Error(ErrorCode::kBadInput, "the scene has no camera 'agentview' that could be moved");
    }
    const Vec3 pivot{0, 0, scene.arena().surface - kPivotBelowSurface};
    double *position = m->cam_pos + 3 * id, *quat = m->cam_quat + 4 * id;
    CameraPose pose{Vec3{position[0], position[1], position[2]} - pivot,
                    {quat[0], quat[1], quat[2], quat[3]}};
    pose = changed(pose);
    const Vec3 at = pivot + pose.position;
    std::copy(at.begin(), at.end(), position);
    std::copy(pose.quat.begin(), pose.quat.end(), quat);
  }

 private:
  CameraPose changed(const CameraPose& pose) const {
    Rng rng(seed_);
    const int level = variation_.level;
    const double share = rng.uniform();
    const double side = rng.uniform() < 0.5 ? -1 : 1, lift = rng.uniform() < 0.5 ? -1 : 1;
    if (variation_.subkind == "orbit") {
      const double up = lift > 0 ? 15 : 0;
      return turned(turned(pose, turn('y', -up * kDegree)),
                    turn('z', side * graded(level, share, 0, 75) * kDegree));
    }
    if (variation_.subkind == "distance") {
      return {graded(level, share, 1.15, 2.0) * pose.position, pose.quat};
    }
    const double angle = 2.0 * level * kDegree;
    const Quat by = multiply(turn('z', side * angle), turn('y', -lift * angle));
    return {pose.position, multiply(by, pose.quat)};
  }

  Variation variation_;
  uint64_t seed_;
};

}  // namespace

std::unique_ptr<Effect> make_camera_effect(const EffectRequest& request) {
  return std::make_unique<CameraEffect>(request);
}

}  // namespace libra::sim::variation
