// What every skill of the expert looks at and answers with: the gripper as it is, the gripper pose
// that is wanted next, and the proportional motion between them.
#pragma once

#include <algorithm>
#include <string_view>

#include "libra/sim/engine/scene.h"
#include "libra/sim/expert/expert.h"
#include "libra/sim/vec.h"

namespace libra::sim::expert {

// Of the gripper (m): the tips reach below the grip site.
inline constexpr double kTipsBelowGrip = 0.0092;
// A finger behind its pad, and half its width; the palm hangs this far over the tips.
// Apart, the fingers are off whatever they held (m).
inline constexpr double kOpened = .066;
inline constexpr double kFingerThick = 0.018, kFingerHalfWidth = 0.0105, kPalmAboveTips = 0.040;

struct Hand {
  Vec3 grip{};          // grip site, world (m)
  Mat3 rotation{};      // columns: closing direction, side, approach
  double aperture = 0;  // between the pads (m)
  double open = 0;      // between the fingers' coordinates as far open as they go, .08 or less (m)
  double speed = 0;     // of the aperture, negative while the fingers close (m/s)
  Vec3 approach() const { return column(rotation, 2); }
  // Open fingers give way by less than this (m).
  static constexpr double kSag = .0005;
  // Not as far open as they go, and less than `width` apart.
  bool closed_to(double width) const {
    return aperture < std::min(width, open - bodies::kPadInset - kSag);
  }
  // Farther apart than `width`, or nearly as far as they go.
  bool opened_to(double width) const {
    return aperture > std::min(width, open - bodies::kPadInset - kSag);
  }
  // How near the middle of something `width` wide the gripper must be for its open fingers to pass
  // on both sides; `usual` where there is room for that, and never less than `least` less what the
  // fingers lack of their full opening (m).
  double room(double width, double usual, double least) const {
    constexpr double kMargin = .001, kFinest = .001, kFullOpen = .08;
    const double lack = (kFullOpen - open) / 2;
    return std::clamp(open / 2 - width / 2 - kMargin, std::max(kFinest, least - lack), usual);
  }
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
// Of its body's origin (m). In scenes of LIBERO's a fixture's `pose` is not known.
Vec3 position_of(const View& view, const engine::SceneFixture& fixture);

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

}  // namespace libra::sim::expert
