#include <algorithm>
#include <cmath>

#include "libra/sim/bodies/catalogue.h"
#include "libra/sim/expert/skills.h"

namespace libra::sim::expert {
namespace {

Vec3 fixture_origin(const View& view, const engine::SceneFixture& fixture) {
  const double* at = view.env.data()->xpos + 3 * fixture.body;
  return {at[0], at[1], at[2]};
}
Mat3 fixture_rotation(const View& view, const engine::SceneFixture& fixture) {
  Mat3 rotation;
  std::copy_n(view.env.data()->xmat + 9 * fixture.body, 9, rotation.begin());
  return rotation;
}
double joint_value(const View& view, int joint) {
  return view.env.data()->qpos[view.env.model()->jnt_qposadr[joint]];
}

constexpr double kHandleHalf = .0077;  // of the bar, along the way it opens (m)

}  // namespace

Drawer see_drawer(const View& view, const engine::SceneFixture& cabinet, int joint) {
  // Heights of the three bars over the cabinet's origin, top to bottom, as the joints come.
  constexpr std::array<double, 3> kBars{.1839, .1104, .0411};
  const auto level = static_cast<size_t>(joint - cabinet.joints.at(0));
  const Mat3 rotation = fixture_rotation(view, cabinet);
  Drawer drawer;
  drawer.joint = joint_value(view, joint);
  drawer.front = -1 * column(rotation, 1);
  drawer.handle = fixture_origin(view, cabinet) +
                  rotate(rotation, {-.0032, -.1016 + drawer.joint, kBars.at(level)});
  return drawer;
}

bool at_handle(const View& view, const Drawer& drawer) {
  return norm(view.hand.grip - drawer.handle) < .045;
}

bool before_handle(const View& view, const Drawer& drawer) {
  const Vec3 offset = view.hand.grip - drawer.handle;
  return view.hand.approach()[2] > -.7 && norm(offset) < .13;
}

Move pull(const View& view, const Drawer& drawer) {
  // Of the gripper against the vertical (rad). Its fingers close up and down, so the palm reaches
  // far below the bar: the lean lifts it over a plate and keeps its top off the bar above.
  constexpr double kLean = 1.37;
  constexpr double kOverThings = .19;  // on the way, so that the palm passes over a bowl (m)
  constexpr double kOpen = -.1540;     // where the drawer is left (m)
  Grasp g;
  g.approach = -std::sin(kLean) * drawer.front + Vec3{0, 0, -std::cos(kLean)};
  g.closing = Vec3{0, 0, std::sin(kLean)} - std::cos(kLean) * drawer.front;
  g.point = drawer.handle - .004 * g.approach;
  g.width = bodies::kHandleGrip;
  g.tolerance = .004;
  g.across = view.hand.room(bodies::kHandleGrip, g.tolerance, 0);
  g.hover = .06;
  g.clear = std::max(drawer.handle[2], view.surface + kOverThings);
  if (!holds(view, g)) return reach(view, g);
  Move move;
  move.rotation = pointing(g.approach, g.closing);
  move.close = true;
  move.phase = "pull";
  const double left = drawer.joint - kOpen;
  move.position = g.point + std::clamp(left, 0.0, .06) * drawer.front;
  return move;
}

namespace {

// A straight push with closed fingers.
struct Shove {
  Vec3 contact{}, ahead{};  // where the grip touches; horizontal unit vector
  double lean = 0;          // of the gripper towards `ahead` against the vertical (rad)
  double start = 0;         // back from the contact, where the gripper comes down (m)
  double behind = 0;        // back from the contact, from where it may push (m)
  double speed = 1;
  const char* phase = "push";
};

Move push_with_fist(const View& view, const Shove& shove) {
  constexpr double kOnTheWay = .16;  // over things, until the gripper is above the start (m)
  Move move;
  move.close = true;
  move.rotation = pointing(std::sin(shove.lean) * shove.ahead + Vec3{0, 0, -std::cos(shove.lean)},
                           cross(shove.ahead, Vec3{0, 0, 1}));
  const Vec3 offset = view.hand.grip - shove.contact;
  const double behind = -dot(offset, shove.ahead);
  const double side = norm(offset + behind * shove.ahead);
  if (side < .020 && behind > -.02 && behind < shove.behind &&
      angle_between(view.hand.rotation, move.rotation) < .25) {
    move.phase = shove.phase;
    move.position = shove.contact + .035 * shove.ahead;
    move.speed = shove.speed;
    return move;
  }
  move.phase = "reach";
  const Vec3 start = shove.contact - shove.start * shove.ahead;
  const double far = std::hypot(view.hand.grip[0] - start[0], view.hand.grip[1] - start[1]);
  move.position = start + Vec3{0, 0, kOnTheWay * std::clamp((far - .015) / .03, 0.0, 1.0)};
  return move;
}

}  // namespace

Move push_wider(const View& view, const Drawer& drawer) {
  constexpr double kInner = .0368;   // the front's inner face behind the middle of the bar (m)
  constexpr double kOverBar = .022;  // of the grip over the bar (m)
  Shove shove;
  shove.contact = drawer.handle - (kInner + kFingerHalfWidth) * drawer.front + Vec3{0, 0, kOverBar};
  shove.ahead = drawer.front;
  shove.lean = -.45;  // away from the cabinet and the bars above
  shove.start = .012;
  shove.behind = .045;
  shove.speed = .3;  // a light thing may stand before the drawer
  shove.phase = "pull";
  return push_with_fist(view, shove);
}

Move push_shut(const View& view, const Drawer& drawer) {
  constexpr double kLean = .80;
  const Vec3 in = -1 * drawer.front;
  Move move;
  move.close = true;
  const Vec3 approach = std::sin(kLean) * in + Vec3{0, 0, -std::cos(kLean)};
  move.rotation = pointing(approach, cross(drawer.front, Vec3{0, 0, 1}));
  // The fingertips stand before the bar.
  const Vec3 contact = drawer.handle + (kHandleHalf + kFingerHalfWidth) * drawer.front;
  const Vec3 offset = view.hand.grip - contact;
  const double before = dot(offset, drawer.front);
  const double side = norm(offset - before * drawer.front);
  const bool aligned =
      side < .025 && before > -.012 && angle_between(view.hand.rotation, move.rotation) < .25;
  if (aligned) {
    move.phase = "push";
    move.position = contact - .035 * drawer.front;
    return move;
  }
  move.phase = "reach";
  const Vec3 ahead = contact + .06 * drawer.front;
  const double far = std::hypot(view.hand.grip[0] - ahead[0], view.hand.grip[1] - ahead[1]);
  move.position = ahead + Vec3{0, 0, .16 * std::clamp((far - .03) / .05, 0.0, 1.0)};
  return move;
}

namespace {

Grasp knob_grasp(const View& view, const engine::SceneFixture& stove) {
  const double angle = joint_value(view, stove.joints.at(0));
  const Mat3 rotation = fixture_rotation(view, stove);
  Grasp g;
  // The bar lies along the stove at zero; its middle is a little off the axis.
  const Vec3 thin = rotate(rotation, {-std::sin(angle), std::cos(angle), 0});
  const Vec3 along = rotate(rotation, {-std::cos(angle), -std::sin(angle), 0});
  g.point = fixture_origin(view, stove) + .0057 * along + Vec3{0, 0, .0390};
  // Leaning towards the robot, which stands close, and turning with the knob.
  constexpr double kLean = .50;
  const Vec3& base = view.env.scene().arena().robot;
  const Vec3 offset{g.point[0] - base[0], g.point[1] - base[1], 0};
  const Vec3 back = (-1 / norm(offset)) * offset;
  g.approach =
      rotate(matrix(turn('z', angle)), std::sin(kLean) * back + Vec3{0, 0, -std::cos(kLean)});
  g.closing = thin;
  g.width = bodies::kKnobGrip;
  g.tolerance = .008;
  g.across = view.hand.room(bodies::kKnobGrip, g.tolerance, 0);
  g.hover = .040;
  g.clear = view.surface + .20;
  return g;
}

}  // namespace

bool at_knob(const View& view, const engine::SceneFixture& stove) {
  return norm(view.hand.grip - knob_grasp(view, stove).point) < .035;
}

Move turn_knob(const View& view, const engine::SceneFixture& stove, bool on) {
  const Grasp g = knob_grasp(view, stove);
  if (!holds(view, g)) return reach(view, g);
  constexpr double kLead = .30;  // rad, ahead of the knob
  const double lead = on ? kLead : -kLead;
  Move move;
  move.position = g.point;
  move.rotation = multiply(matrix(turn('z', lead)), pointing(g.approach, g.closing));
  move.close = true;
  move.phase = "turn";
  return move;
}

Move close_door(const View& view, const engine::SceneFixture& oven) {
  const double angle = joint_value(view, oven.joints.at(0));
  const Mat3 rotation = fixture_rotation(view, oven);
  const Vec3 hinge = fixture_origin(view, oven) + rotate(rotation, {-.1725, -.088, .096});
  const Vec3 along = rotate(rotation, {std::cos(angle), std::sin(angle), 0});
  const Vec3 out = rotate(rotation, {std::sin(angle), -std::cos(angle), 0});
  // Closed fingers push the door's outer face near its top edge, over which the palm passes.
  constexpr double kRadius = .175, kDoorThick = .025, kHeight = .0925 - .012;
  const double finger = kFingerHalfWidth * std::abs(out[0]) + kFingerThick * std::abs(out[1]);
  const Vec3 contact = hinge + kRadius * along + (kDoorThick + finger) * out + Vec3{0, 0, kHeight};
  Move move;
  move.close = true;
  move.rotation = pointing({0, 0, -1}, {0, 1, 0});
  const Vec3 offset = view.hand.grip - contact;
  const double before = dot(offset, out), beside = dot(offset, along);
  if (before > -.012 && before < .09 && std::abs(beside) < .05 && std::abs(offset[2]) < .02) {
    move.phase = "push";
    move.position = contact - .045 * out - .4 * beside * along;
    return move;
  }
  move.phase = "reach";
  const Vec3 ahead = contact + .05 * out;
  const double far = std::hypot(view.hand.grip[0] - ahead[0], view.hand.grip[1] - ahead[1]);
  move.position = ahead + Vec3{0, 0, .14 * std::clamp((far - .02) / .05, 0.0, 1.0)};
  return move;
}

Move push_aside(const View& view, const Thing& thing, const Thing& from) {
  constexpr double kLowest = .045;    // of the grip over the table (m)
  constexpr double kOver = .026;      // and over the top of what it makes room for (m)
  constexpr double kFromEdge = .015;  // of the contact from the ends of the thing's face (m)
  // Along the axis on which they are apart the most.
  const Vec3 offset = thing.center - from.center;
  const size_t axis = std::abs(offset[0]) - thing.half[0] - from.half[0] >
                              std::abs(offset[1]) - thing.half[1] - from.half[1]
                          ? 0
                          : 1;
  Shove shove;
  shove.ahead[axis] = offset[axis] > 0 ? 1 : -1;
  shove.contact = thing.center - (thing.half[axis] + kFingerHalfWidth) * shove.ahead;
  const double room = std::max(0.0, thing.half[1 - axis] - kFromEdge);
  shove.contact[1 - axis] += std::clamp(-offset[1 - axis], -room, room);
  shove.contact[2] = std::max(view.surface + kLowest, from.top() + kOver);
  shove.lean = .80;  // away from the thing, so that the fingertips touch it first
  shove.start = .015;
  shove.behind = .035;
  shove.speed = .5;
  shove.phase = "push";
  return push_with_fist(view, shove);
}

Move push_along(const View& view, const Thing& thing, const Vec3& target) {
  constexpr double kLean = .45;  // over the thing, away from what stands behind
  const Vec3 offset{target[0] - thing.position[0], target[1] - thing.position[1], 0};
  const Vec3 ahead = (1 / norm(offset)) * offset;
  const Vec3 across = cross(Vec3{0, 0, 1}, ahead);
  // Both fingertips, open, touch the round edge from behind.
  constexpr double kApart = .049;
  const double behind = std::sqrt(thing.half[0] * thing.half[0] - kApart * kApart);
  const double low = view.surface + kTipsBelowGrip * std::cos(kLean) + .005;
  Move move;
  move.rotation = pointing(Vec3{0, 0, -std::cos(kLean)} - std::sin(kLean) * ahead, across);
  const Vec3 contact{thing.position[0] - (behind + .014) * ahead[0],
                     thing.position[1] - (behind + .014) * ahead[1], low};
  const Vec3 gap = view.hand.grip - contact;
  const double before = dot(gap, ahead), side = dot(gap, across);
  const bool turned = angle_between(view.hand.rotation, move.rotation) < .15;
  // Of the largest; at .7 four of 50 plates got stuck at a flat thing in their way, at .5 none.
  move.speed = .5;
  if (turned && std::abs(side) < .014 && before < .02 && before > -.035 &&
      view.hand.grip[2] < low + .012) {
    move.phase = "push";
    move.position = contact + .04 * ahead;
    return move;
  }
  move.phase = "reach";
  move.speed = 1;
  const Vec3 start = contact - .014 * ahead;
  const double far = std::hypot(view.hand.grip[0] - start[0], view.hand.grip[1] - start[1]);
  const double rise = turned ? .07 * std::clamp((far - .007) / .03, 0.0, 1.0) : .07;
  move.position = start + Vec3{0, 0, rise};
  return move;
}

}  // namespace libra::sim::expert
