// What of the Panda (assets/robots/panda.xml) is a number in the code.
#pragma once

#include <array>

namespace libra::sim::bodies {

inline constexpr int kArmJoints = 7;
// The pads are this much closer than the fingers' joint positions are apart (m).
inline constexpr double kPadInset = .001;
// Posture at the start of an episode (rad).
inline constexpr std::array<double, kArmJoints> kReadyPosture{
    0, -0.161037389, 0, -2.44459747, 0, 2.2267522, 0.78539816339744831};
inline constexpr std::array<double, 3> kRobotBase{-0.6, 0, 0};  // link0 in the floor arena (m)

}  // namespace libra::sim::bodies
