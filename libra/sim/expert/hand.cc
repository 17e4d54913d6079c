#include "libra/sim/expert/hand.h"

#include <algorithm>
#include <cmath>

namespace libra::sim::expert {
namespace {

// Of the ready posture: the gripper points down and closes along y.
constexpr Mat3 kReady{0, 1, 0, 1, 0, 0, 0, 0, -1};

// Axis times angle of the rotation from `from` to `to`, world.
Vec3 rotation_vector(const Mat3& from, const Mat3& to) {
  const Mat3 r = multiply(to, transpose(from));
  const double cosine = std::clamp((r[0] + r[4] + r[8] - 1) / 2, -1.0, 1.0);
  const double angle = std::acos(cosine);
  Vec3 axis{r[7] - r[5], r[2] - r[6], r[3] - r[1]};
  if (cosine < -0.99) {
    // Near half a turn the difference vanishes; there R + R^T tells the axis, but for its sign.
    Vec3 best{};
    for (size_t i = 0; i < 3; ++i) {
      Vec3 c = column(r, i) + column(transpose(r), i);
      c[i] -= 2 * cosine;
      if (norm(c) > norm(best)) best = c;
    }
    axis = dot(best, axis) < 0 ? -1 * best : best;
  }
  const double length = norm(axis);
  if (length < 1e-9) return {};
  return (angle / length) * axis;
}

}  // namespace

View look(const SimEnv& env, const ExpertConfig& config) {
  Hand hand;
  hand.grip = env.eef_position();
  hand.rotation = env.eef_rotation();
  const auto fingers = env.finger_positions();
  hand.aperture = fingers[0] - fingers[1] - bodies::kPadInset;
  hand.open = 2 * env.model()->jnt_range[2 * bodies::kArmJoints + 1];
  hand.speed = env.data()->qvel[bodies::kArmJoints] - env.data()->qvel[bodies::kArmJoints + 1];
  return {env, config, hand, env.scene().arena().surface};
}

Thing see(const View& view, std::string_view name) {
  const engine::SceneObject& object = *view.env.scene().find(name);
  const ItemPose pose = view.env.item_pose(object.name);
  Thing thing;
  thing.name = object.name;
  thing.category = object.category;
  thing.position = pose.position;
  thing.rotation = pose.rotation;
  thing.center = pose.position + rotate(pose.rotation, pose.center);
  for (size_t r = 0; r < 3; ++r)
    for (size_t c = 0; c < 3; ++c)
      thing.half[r] += std::abs(pose.rotation[3 * r + c]) * pose.half_extent[c];
  return thing;
}

Vec3 position_of(const View& view, const engine::SceneFixture& fixture) {
  const double* at = view.env.data()->xpos + 3 * fixture.body;
  return {at[0], at[1], at[2]};
}

Mat3 pointing(const Vec3& approach, const Vec3& closing) {
  const Vec3 z = (1 / norm(approach)) * approach;
  const Vec3 across = closing - dot(closing, z) * z;
  const Vec3 x = (1 / norm(across)) * across;
  const Mat3 one = from_columns(x, cross(z, x), z);
  const Mat3 other = from_columns(-1 * x, cross(z, -1 * x), z);
  // Square to the ready posture both turn equally; the wrist has more room to one side.
  const auto cost = [](const Mat3& r) { return angle_between(kReady, r) + 0.2 * r[0]; };
  return cost(one) < cost(other) ? one : other;
}

double angle_between(const Mat3& a, const Mat3& b) { return norm(rotation_vector(a, b)); }

Action servo(const View& view, const Move& move) {
  const ExpertConfig& config = view.config;
  const double fastest = config.speed * move.speed;
  const Vec3 error = move.position - view.hand.grip;
  double x = config.gain * error[0], y = config.gain * error[1];
  // Sideways motion waits while the gripper is far below its height.
  const double calm = std::clamp(1.0 - (error[2] - 0.02) / 0.04, 0.0, 1.0);
  const double length = std::hypot(x, y);
  const double scale = (length > fastest ? fastest / length : 1.0) * calm;
  const double z = std::clamp(config.gain * error[2], -fastest, fastest);
  Vec3 turn = config.turn_gain * rotation_vector(view.hand.rotation, move.rotation);
  const double turning = norm(turn);
  if (turning > config.turn_speed) turn = (config.turn_speed / turning) * turn;
  const auto f = [](double value) { return static_cast<float>(value); };
  return {f(x * scale),
          f(y * scale),
          f(z),
          f(turn[0]),
          f(turn[1]),
          f(turn[2]),
          move.close ? 1.0f : -1.0f};
}

}  // namespace libra::sim::expert
