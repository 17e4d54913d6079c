// What every skill of the expert looks at and answers with: the gripper as it is, the gripper pose
// that is wanted next, and the proportional motion between them.
#pragma once

#include <string_view>

#include "libra/sim/expert.h"
#include "libra/sim/scene.h"
#include "libra/sim/vec.h"

namespace libra::sim {

// Of the gripper (m): the tips reach below the grip site, and the pads stand half a millimetre
// inside each finger's coordinate.
inline constexpr double kTipsBelowGrip = 0.0092, kPadInset = 0.001;
// A finger behind its pad, and half its width; the palm hangs this far over the tips.
inline constexpr double kFingerThick = 0.018, kFingerHalfWidth = 0.0105, kPalmAboveTips = 0.040;

struct Hand {
  Vec3 grip{};          // grip site, world (m)
  Mat3 rotation{};      // columns: closing direction, side, approach
  double aperture = 0;  // between the pads (m)
  double speed = 0;     // of the aperture, negative while the fingers close (m/s)
  Vec3 approach() const { return column(rotation, 2); }
};

// The state as the skills see it.
struct View {
  const SimEnv& env;
  const ExpertConfig& config;
  Hand hand;
  double surface;  // height of the table (m)
};
View look(const SimEnv& env, const ExpertConfig& config);

struct Thing {
  std::string_view name;
  std::string_view category;
  Vec3 position{};  // body origin
  Mat3 rotation{};
  Vec3 center{};  // of its box, world
  Vec3 half{};    // world-aligned half sizes of its box
  double bottom() const { return center[2] - half[2]; }
  double top() const { return center[2] + half[2]; }
};
Thing see(const View& view, std::string_view name);

// What a skill wants of the gripper in this step.
struct Move {
  Vec3 position{};
  Mat3 rotation{};
  bool close = false;
  const char* phase = "";
  double speed = 1;  // share of the largest
};

// The rotation with this approach whose fingers close along `closing`; of the two that there are,
// the one that turns the ready posture less.
Mat3 pointing(const Vec3& approach, const Vec3& closing);
// Angle between two rotations (rad).
double angle_between(const Mat3& a, const Mat3& b);
Action servo(const View& view, const Move& move);

}  // namespace libra::sim
