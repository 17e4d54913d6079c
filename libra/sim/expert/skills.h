// What the expert can do: each skill looks at the present state and says what the gripper does
// next; none remembers anything.
#pragma once

#include <optional>

#include "libra/sim/expert/grasp.h"

namespace libra::sim::expert {

// Where a thing shall come to rest.
struct Place {
  Vec3 position{};               // of its body origin (m)
  std::optional<Mat3> rotation;  // of its body; as held when not given
  double tolerance = .008;       // sideways, at which it goes down (m)
  double release = .004;         // above `position` at which the fingers open (m)
  double cruise = 0;             // least height of its underside on the way (m)
};

// With the thing in the fingers: up, over the place, down, open.
Move carry(const View& view, const Thing& thing, const Grasp& grasp, const Place& place);
// The thing is where it shall be, held or not.
bool is_placed(const Thing& thing, const Place& place);

// A drawer of a cabinet, or what a region in it belongs to.
struct Drawer {
  Vec3 handle{};  // middle of its bar (m)
  Vec3 front{};   // horizontal, the way it opens
  double joint = 0;
};
Drawer see_drawer(const View& view, const engine::SceneFixture& cabinet, int joint);
// Whether the gripper has its fingers at the handle.
bool at_handle(const View& view, const Drawer& drawer);
// Whether it still leans towards the handle, so that turning it would touch the drawer.
bool before_handle(const View& view, const Drawer& drawer);
Move pull(const View& view, const Drawer& drawer);
// Opens a low drawer, whose bar is too near the table, by its front from inside.
Move push_wider(const View& view, const Drawer& drawer);
Move push_shut(const View& view, const Drawer& drawer);

// A stove's knob, on or off.
Move turn_knob(const View& view, const engine::SceneFixture& stove, bool on);
bool at_knob(const View& view, const engine::SceneFixture& stove);
// A microwave's door.
Move close_door(const View& view, const engine::SceneFixture& oven);
// A thing away from another beside which the palm has no room.
Move push_aside(const View& view, const Thing& thing, const Thing& from);
// A flat thing over the table to a point.
Move push_along(const View& view, const Thing& thing, const Vec3& target);

}  // namespace libra::sim::expert
