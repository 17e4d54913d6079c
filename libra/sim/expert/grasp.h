// Where and how the gripper takes hold of things.
#pragma once

#include <string_view>
#include <vector>

#include "libra/sim/expert/hand.h"

namespace libra::sim::expert {

struct Grasp {
  Vec3 point{};          // of the grip site when the fingers close (world, m)
  Vec3 approach{};       // unit, the way the gripper points and comes
  Vec3 closing{};        // unit, along which the fingers close
  double width = 0;      // of what ends up between the pads (m)
  double tolerance = 0;  // sideways, within which the gripper may go in (m)
  double across = 0;     // and along `closing`, where the fingers must pass on both sides (m)
  double hover = 0;      // back along the approach, clear of the thing (m)
  double clear = 0;      // world height of the grip site on the way there (m)
  bool along = false;    // from there it comes along the approach, not straight down
  double blocked = 0;    // how far palm or fingers would reach into a neighbour (m), and into which
  std::string_view blocker;
};

// The gripper's fingers are around the grasp and as close as its width lets them be.
bool holds(const View& view, const Grasp& grasp);
// Over the grasp, down a funnel, close.
Move reach(const View& view, const Grasp& grasp);
// Opens the fingers, wider than the thing if they are around one, and backs off the way they came.
Move leave(const View& view, const Thing* thing = nullptr);
// The gripper is within reach of touching a thing when it moves sideways.
bool is_at(const View& view, const Thing& thing);

// The round body of a mug or a bowl and what sticks out of it, as its collision shapes have them:
// which way a handle points differs between packs of assets. In the thing's own axes, which it
// stands in upright.
struct Cup {
  Vec3 axis{};       // of the round body, from the origin, horizontal (m)
  Vec3 handle{};     // unit, horizontal, from the axis; zero: there is none
  double reach = 0;  // of the handle's middle from the axis (m)
};
Cup measure_cup(const View& view, const Thing& thing);
// It is taken at its rim: mugs, bowls.
bool has_rim(const Thing& thing);

// What the grasp of a thing is for.
enum class Purpose {
  kPlace,   // onto or into something from above
  kDrawer,  // from or to a drawer: the fingers along its front, leaning away from the cabinet
  kRack,    // to be laid into the rack: hold the body, leaning
  kOven,    // through a door in front: hold the handle, leaning
};
struct Plan {
  Purpose purpose = Purpose::kPlace;
  Vec3 front{};        // kDrawer, kOven: horizontal, out of the fixture
  double lean = 0;     // of the gripper against the vertical (rad)
  bool along = false;  // it comes along its approach, because something stands beside it
  bool tight = false;  // it stands in a drawer: little room for the finger outside
};

// The ways to take a thing, best first for the surroundings.
std::vector<Grasp> grasps(const View& view, const Thing& thing, const Plan& plan);

}  // namespace libra::sim::expert
