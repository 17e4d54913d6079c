#include "libra/sim/mjcf.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>

namespace libra::sim {
namespace {

std::string number(double value) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.6g", value);
  return text.data();
}

template <size_t N>
std::string numbers(const std::array<double, N>& values) {
  std::string out;
  for (size_t i = 0; i < N; ++i) out += (i > 0 ? " " : "") + number(values[i]);
  return out;
}

std::string shape(const Geom& g) {
  std::string out = "type=\"" + std::string(g.type) + "\" pos=\"" + numbers(g.at) + "\" size=\"" +
                    numbers(g.half) + "\"";
  if (g.quat != Quat{1, 0, 0, 0}) out += " quat=\"" + numbers(g.quat) + "\"";
  return out;
}

std::string paint(Color c) {
  return " rgba=\"" + number(c.r) + " " + number(c.g) + " " + number(c.b) + " 1\"";
}

}  // namespace

std::string look(const Geom& geom, Color color, std::string_view more) {
  return "<geom class=\"look\" " + shape(geom) + paint(color) + " " + std::string(more) + "/>\n";
}

std::string solid(const Geom& geom, std::string_view more) {
  return "<geom class=\"solid\" " + shape(geom) + " " + std::string(more) + "/>\n";
}

std::string part(const Geom& geom, Color color) { return solid(geom) + look(geom, color); }

std::string ring(const Ring& r, Color color) {
  const double slope = std::atan2(r.r1 - r.r0, r.z1 - r.z0);
  const double length = std::hypot(r.r1 - r.r0, r.z1 - r.z0);
  const double radius = (r.r0 + r.r1) / 2 - r.thickness / 2 * std::cos(slope);
  const double height = (r.z0 + r.z1) / 2 + r.thickness / 2 * std::sin(slope);
  const double half_angle = std::numbers::pi / r.count;
  const double width = std::max(r.r0, r.r1) * std::tan(half_angle);
  std::string out;
  for (int i = 0; i < r.count; ++i) {
    const double angle = 2 * half_angle * i;
    out += part(
        {.at = {r.axis[0] + radius * std::cos(angle), r.axis[1] + radius * std::sin(angle), height},
         .half = {r.thickness / 2, width, length / 2},
         .quat = multiply(turn('z', angle), turn('y', slope))},
        color);
  }
  return out;
}

std::string feet(double radius, double z, const std::array<double, 2>& axis) {
  constexpr double kFoot = .002;
  constexpr int kCount = 8;
  std::string out;
  for (int i = 0; i < kCount; ++i) {
    const double angle = 2 * std::numbers::pi * (i + .5) / kCount;
    out += solid({.type = "sphere",
                  .at = {axis[0] + (radius - kFoot) * std::cos(angle),
                         axis[1] + (radius - kFoot) * std::sin(angle), z + kFoot},
                  .half = {kFoot, 0, 0}});
  }
  return out;
}

std::string disc(double radius, double z0, double z1, const std::array<double, 2>& axis,
                 Color color) {
  std::string out;
  for (const double angle : {0.0, std::numbers::pi / 2}) {
    out += solid({.at = {axis[0], axis[1], (z0 + z1) / 2},
                  .half = {.866 * radius, .5 * radius, (z1 - z0) / 2},
                  .quat = turn('z', angle)});
  }
  return out + look({.type = "cylinder",
                     .at = {axis[0], axis[1], (z0 + z1) / 2},
                     .half = {radius, (z1 - z0) / 2, 0}},
                    color);
}

std::string inertial(const Vec3& center, const Vec3& half, double mass) {
  const auto [x, y, z] = half;
  return "<inertial pos=\"" + numbers(center) + "\" mass=\"" + number(mass) + "\" diaginertia=\"" +
         numbers(Vec3{mass * (y * y + z * z) / 3, mass * (x * x + z * z) / 3,
                      mass * (x * x + y * y) / 3}) +
         "\"/>\n";
}

std::string site(std::string_view name, const Vec3& at, const Vec3& half, const Quat& quat) {
  return "<site name=\"" + std::string(name) + "\" " +
         shape({.type = "box", .at = at, .half = half, .quat = quat}) + "/>\n";
}

}  // namespace libra::sim
