// Camera viewpoint: agentview is moved or turned, as LIBERO-Plus does it. The hand camera stays.
#include <algorithm>
#include <array>
#include <charconv>

#include "libra/core/error.h"
#include "libra/sim/variation/effect.h"

namespace libra::sim::variation {
namespace {

// LIBERO-Plus turns about (0, 0, 0.8) on tables of 0.9 m.
constexpr double kPivotBelowSurface = 0.1;

// To the nearest of four decimals, as Python's round(): through the text, since a product by 10^4
// may land on a tie where the number itself is none.
void round_off(std::span<double> values) {
  for (double& value : values) {
    std::array<char, 400> text;
    char* end =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, 4)
            .ptr;
    std::from_chars(text.data(), end, value);
  }
}

class CameraEffect final : public Effect {
 public:
  explicit CameraEffect(CameraMove move) : move_(std::move(move)) {}

  void change_model(engine::Scene& scene) override {
    mjModel* m = scene.model();
    const int id = mj_name2id(m, mjOBJ_CAMERA, "agentview");
    if (id < 0 || m->cam_bodyid[id] != 0) {
      throw Error(ErrorCode::kBadInput, "the scene has no camera 'agentview' that could be moved");
    }
    const Vec3 pivot{0, 0, move_.pivot.value_or(scene.arena().surface - kPivotBelowSurface)};
    double *position = m->cam_pos + 3 * id, *quat = m->cam_quat + 4 * id;
    CameraPose pose =
        moved({{position[0], position[1], position[2]}, {quat[0], quat[1], quat[2], quat[3]}},
              move_, pivot);
    mju_normalize4(pose.quat.data());
    std::copy(pose.position.begin(), pose.position.end(), position);
    std::copy(pose.quat.begin(), pose.quat.end(), quat);
  }

 private:
  CameraMove move_;
};

CameraMove drawn_move(const Variation& variation, uint64_t seed) {
  Rng rng(seed);
  const int level = variation.level;
  const double share = rng.uniform();
  const double side = rng.uniform() < 0.5 ? -1 : 1, lift = rng.uniform() < 0.5 ? -1 : 1;
  if (variation.subkind == "orbit") {
    const double up = lift > 0 ? 15 : 0;
    return {.steps = {{.axis = 'y', .angle = -up * kDegree},
                      {.angle = side * graded(level, share, 0, 75) * kDegree}},
            .pivot = {}};
  }
  if (variation.subkind == "distance")
    return {.steps = {{.distance = graded(level, share, 1.15, 2.0)}}, .pivot = {}};
  const double angle = 2.0 * level * kDegree;
  return {.steps = {{.axis = 'y', .angle = -lift * angle, .in_place = true},
                    {.angle = side * angle, .in_place = true}},
          .pivot = {}};
}

}  // namespace

CameraPose moved(CameraPose pose, const CameraMove& move, const Vec3& pivot) {
  for (const CameraStep& step : move.steps) {
    const Quat by = turn(step.axis, step.angle);
    if (!step.in_place) {
      pose.position = pivot + step.distance * rotate(matrix(by), pose.position - pivot);
    }
    mju_normalize4(pose.quat.data());  // a rounded one is not quite
    pose.quat = multiply(by, pose.quat);
    if (!move.rounded) continue;
    round_off(pose.position);
    round_off(pose.quat);
  }
  return pose;
}

std::unique_ptr<Effect> make_camera_effect(CameraMove move) {
  return std::make_unique<CameraEffect>(std::move(move));
}
std::unique_ptr<Effect> make_camera_effect(const EffectRequest& request) {
  return make_camera_effect(drawn_move(request.variation, request.seed));
}

}  // namespace libra::sim::variation
