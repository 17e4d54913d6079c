#include "libra/runtime/roll_forward.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "libra/action/rotation.h"

namespace libra {
namespace {

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

}  // namespace

RollForward::RollForward(const Embodiment& embodiment, double control_hz)
    : arm_(embodiment.arm), dt_(1.0 / control_hz) {
  const auto action = spans_of(embodiment.action), proprio = spans_of(embodiment.proprio);
  for (size_t s = 0; s < action.size(); ++s) {
    const Segment& segment = embodiment.action[s];
    int state = find_segment(embodiment.proprio, segment.state);
    // The fingers of a robot with one gripper belong to it.
    if (state < 0 && segment.kind == SegmentKind::kGripper) {
      state = find_segment(embodiment.proprio, SegmentKind::kGripper);
    }
    if (state < 0) continue;
    moved_.push_back(
        {segment.kind, segment.command, action[s], proprio[size_t(state)], segment.open});
  }
}

void RollForward::move_arm(const Moved& m, const RecentActions& past, const Rows<float>& committed,
                           size_t count, Proprio& out) const {
  const double w = std::sqrt(arm_.stiffness);
  const double unit = m.kind == SegmentKind::kPosition ? arm_.translation : arm_.rotation;
  std::array<Axis, 3> axes;
  const auto step = [&](std::span<const float> action) {
    for (size_t d = 0; d < 3; ++d) {
      const double command = std::clamp(double(action[m.action.first + d]), -1.0, 1.0);
      axes[d].step(unit * command, w, dt_);
    }
  };
  for (size_t i = 0; i < past.size(); ++i) step(past[i]);
  for (Axis& axis : axes) axis.x = 0.0;  // only its velocity is wanted
  for (size_t i = 0; i < count; ++i) step(committed[i]);
  double* at = out.data() + m.state.first;
  if (m.kind == SegmentKind::kPosition) {
    for (size_t d = 0; d < 3; ++d) at[d] += axes[d].x;
    return;
  }
  const action::Vec3 turn = {axes[0].x, axes[1].x, axes[2].x};
  if (turn == action::Vec3{0, 0, 0}) return;
  const std::span<double> numbers(at, m.state.size);
  const action::Quaternion turned =
      action::then(action::to_quaternion(m.kind, numbers), action::from_vector(turn));
  if (m.kind != SegmentKind::kAxisAngle) {
    action::from_quaternion(m.kind, turned, numbers);
    return;
  }
  // Of the two vectors of a rotation the one that goes on from where the arm was: a hand that
  // points down turns by about pi, and must not jump to the other side.
  const action::Vec3 near = action::to_vector(turned);
  const double angle = std::hypot(near[0], near[1], near[2]);
  const double other = angle > 1e-9 ? (angle - 2.0 * M_PI) / angle : 1.0;
  double straight = 0.0, around = 0.0;
  for (size_t d = 0; d < 3; ++d) {
    straight += std::pow(near[d] - numbers[d], 2);
    around += std::pow(other * near[d] - numbers[d], 2);
  }
  for (size_t d = 0; d < 3; ++d) numbers[d] = near[d] * (around < straight ? other : 1.0);
}

// The gripper's command opens or shuts a target at constant speed by the action's sign, and the
// fingers follow it like a first-order lag. Where the target stands now follows from the past; by
// its oldest action it is taken to have arrived.
void RollForward::move_fingers(const Moved& m, const RecentActions& past,
                               const Rows<float>& committed, size_t count,
                               std::span<const double> now, Proprio& out) const {
  const double travel = arm_.finger_speed * dt_, follow = 1.0 - std::exp(-dt_ / arm_.finger_lag);
  // +: shut.
  const auto sign_of = [&](std::span<const float> action) {
    const double command = action[m.action.first];
    return m.open > 0 ? -command : command;
  };
  double target = past.size() > 0 && sign_of(past[0]) > 0 ? 0.0 : arm_.finger_open;
  int closing = 0;
  const auto command = [&](std::span<const float> action) {
    const double sign = sign_of(action);
    if (sign != 0) target -= std::copysign(travel, sign);
    target = std::clamp(target, 0.0, arm_.finger_open);
    closing = sign > 0 ? closing + 1 : 0;
  };
  for (size_t i = 0; i < past.size(); ++i) command(past[i]);
  for (size_t i = 0; i < count; ++i) {
    command(committed[i]);
    // Long commanded shut and not shut: they hold something.
    if (closing * travel > arm_.finger_open) continue;
    for (size_t finger = m.state.first; finger < m.state.first + m.state.size; ++finger) {
      const double width = std::abs(out[finger]);
      out[finger] = std::copysign(width + follow * (target - width), now[finger]);
    }
  }
}

void RollForward::operator()(std::span<const double> now, const RecentActions& past,
                             const Rows<float>& committed, size_t count, Proprio& out) const {
  out.assign(now.begin(), now.end());
  if (count == 0) return;
  for (const Moved& m : moved_) {
    const bool rotation = m.kind == SegmentKind::kAxisAngle || m.kind == SegmentKind::kQuaternion ||
                          m.kind == SegmentKind::kRotation6d;
    if (m.command == Command::kRelative && m.action.size == 3 &&
        (m.kind == SegmentKind::kPosition || rotation)) {
      move_arm(m, past, committed, count, out);
    } else if (m.command == Command::kAbsolute && m.action.size == m.state.size) {
      const std::span<const float> last = committed[count - 1];
      for (size_t i = 0; i < m.state.size; ++i) out[m.state.first + i] = last[m.action.first + i];
    } else if (m.kind == SegmentKind::kGripper) {
      move_fingers(m, past, committed, count, now, out);
    }
  }
}

}  // namespace libra
