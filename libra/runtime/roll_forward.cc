#include "libra/runtime/roll_forward.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace libra {
namespace {

using Vec3 = std::array<double, 3>;

// One axis: distance moved and velocity.
struct Axis {
  double x = 0.0, v = 0.0;
  // A control step towards `offset` from where it is: x'' = w^2 (g - x) - 2 w x'.
  void step(double offset, double w, double dt) {
    const double c1 = -offset, c2 = v + w * c1, fade = std::exp(-w * dt);
    const double from_goal = (c1 + c2 * dt) * fade;
    v = c2 * fade - w * from_goal;
    x += offset + from_goal;
  }
};

// Rotation vector of `a` followed by the small world rotation `b`.
Vec3 compose(const Vec3& b, const Vec3& a) {
  const auto quaternion = [](const Vec3& r) {
    const double angle = std::sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]);
    const double s = angle > 1e-9 ? std::sin(angle / 2) / angle : 0.5;
    return std::array<double, 4>{std::cos(angle / 2), s * r[0], s * r[1], s * r[2]};
  };
  const auto p = quaternion(b), q = quaternion(a);
  const double w = p[0] * q[0] - p[1] * q[1] - p[2] * q[2] - p[3] * q[3];
  const Vec3 v = {p[0] * q[1] + p[1] * q[0] + p[2] * q[3] - p[3] * q[2],
                  p[0] * q[2] - p[1] * q[3] + p[2] * q[0] + p[3] * q[1],
                  p[0] * q[3] + p[1] * q[2] - p[2] * q[1] + p[3] * q[0]};
  const double sine = std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
  if (sine < 1e-12) return a;
  const double angle = 2.0 * std::atan2(sine, w);
  return {v[0] / sine * angle, v[1] / sine * angle, v[2] / sine * angle};
}

}  // namespace

Proprio roll_forward(const ArmDynamics& arm, const Proprio& now, std::span<const Action> past,
                     std::span<const Action> committed) {
  if (committed.empty()) return now;
  const double dt = 1.0 / arm.control_hz, w = std::sqrt(arm.stiffness);
  std::array<Axis, 6> axes;
  const auto run = [&](std::span<const Action> actions) {
    for (const Action& action : actions) {
      for (size_t d = 0; d < 6; ++d) {
        const double unit = d < 3 ? arm.translation : arm.rotation;
        axes[d].step(unit * std::clamp(double(action[d]), -1.0, 1.0), w, dt);
      }
    }
  };
  run(past);
  for (Axis& axis : axes) axis.x = 0.0;  // only its velocity is wanted
  run(committed);

  Proprio out = now;
  for (size_t d = 0; d < 3; ++d) out[d] += axes[d].x;
  const Vec3 turned = compose({axes[3].x, axes[4].x, axes[5].x}, {now[3], now[4], now[5]});
  std::copy(turned.begin(), turned.end(), out.begin() + 3);

  // The gripper's command opens or shuts a target at constant speed by the action's sign, and the
  // fingers follow it like a first-order lag. Where the target stands now follows from the past; by
  // its oldest action it is taken to have arrived.
  const double travel = arm.finger_speed * dt, follow = 1.0 - std::exp(-dt / arm.finger_lag);
  double target = !past.empty() && past.front()[kActionDim - 1] > 0 ? 0.0 : arm.finger_open;
  int closing = 0;
  const auto command = [&](const Action& action) {
    const float sign = action[kActionDim - 1];
    if (sign != 0) target -= std::copysign(travel, double(sign));
    target = std::clamp(target, 0.0, arm.finger_open);
    closing = sign > 0 ? closing + 1 : 0;
  };
  for (const Action& action : past) command(action);
  for (const Action& action : committed) {
    command(action);
    // Long commanded shut and not shut: they hold something.
    if (closing * travel > arm.finger_open) continue;
    for (const size_t finger : {6u, 7u}) {
      const double width = std::abs(out[finger]);
      out[finger] = std::copysign(width + follow * (target - width), now[finger]);
    }
  }
  return out;
}

}  // namespace libra
