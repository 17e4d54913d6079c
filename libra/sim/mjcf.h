// Small pieces of MJCF text that the bodies of the scene are written with. Metres and kilograms.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "libra/sim/vec.h"

namespace libra::sim {

struct Color {
  double r, g, b;
};

// Geoms: a look is drawn and touches nothing, a solid touches and is not drawn, a part does both.
// `type` is box, cylinder, ellipsoid or capsule with MuJoCo's half sizes.
struct Geom {
  std::string_view type = "box";
  Vec3 at{}, half{};
  Quat quat{1, 0, 0, 0};
};
std::string look(const Geom& geom, Color color, std::string_view more = "");
std::string solid(const Geom& geom, std::string_view more = "");
std::string part(const Geom& geom, Color color);

// A round wall of `count` flat parts about the z axis through `axis`; its outer radius is r0 at z0
// and r1 at z1.
struct Ring {
  double r0, z0, r1, z1, thickness;
  int count = 16;
  std::array<double, 2> axis{};
};
std::string ring(const Ring& ring, Color color);
// Small spheres in a circle that a thing stands on, lowest point at z. Flat on flat, MuJoCo 2.2's
// box-box collider now and then reports a contact far outside both boxes; spheres have no such
// case.
std::string feet(double radius, double z, const std::array<double, 2>& axis);
constexpr double kFootRise = .0008;  // of a thing's own underside over its feet (m)
// A round plate between z0 and z1.
std::string disc(double radius, double z0, double z1, const std::array<double, 2>& axis,
                 Color color);

// Mass spread over a box.
std::string inertial(const Vec3& center, const Vec3& half, double mass);
// A box site, never drawn.
std::string site(std::string_view name, const Vec3& at, const Vec3& half,
                 const Quat& quat = {1, 0, 0, 0});

}  // namespace libra::sim
