// Vectors, rotation matrices and quaternions as plain arrays, and the little arithmetic that the
// simulator's geometry needs.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

namespace libra::sim {

using Vec3 = std::array<double, 3>;
using Mat3 = std::array<double, 9>;  // row-major
using Quat = std::array<double, 4>;  // w x y z

inline Vec3 operator+(const Vec3& a, const Vec3& b) {
  return {a[0] + b[0], a[1] + b[1], a[2] + b[2]};
}
inline Vec3 operator-(const Vec3& a, const Vec3& b) {
  return {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
}
inline Vec3 operator*(double s, const Vec3& v) { return {s * v[0], s * v[1], s * v[2]}; }
inline double dot(const Vec3& a, const Vec3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
inline Vec3 cross(const Vec3& a, const Vec3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
inline double norm(const Vec3& v) { return std::sqrt(dot(v, v)); }

inline Vec3 rotate(const Mat3& r, const Vec3& v) {
  return {r[0] * v[0] + r[1] * v[1] + r[2] * v[2], r[3] * v[0] + r[4] * v[1] + r[5] * v[2],
          r[6] * v[0] + r[7] * v[1] + r[8] * v[2]};
}
inline Mat3 transpose(const Mat3& r) {
  return {r[0], r[3], r[6], r[1], r[4], r[7], r[2], r[5], r[8]};
}
inline Vec3 column(const Mat3& r, size_t i) { return {r[i], r[3 + i], r[6 + i]}; }
inline Mat3 from_columns(const Vec3& x, const Vec3& y, const Vec3& z) {
  return {x[0], y[0], z[0], x[1], y[1], z[1], x[2], y[2], z[2]};
}
inline Mat3 multiply(const Mat3& a, const Mat3& b) {
  return from_columns(rotate(a, column(b, 0)), rotate(a, column(b, 1)), rotate(a, column(b, 2)));
}

// About one axis, 'x', 'y' or 'z' (rad).
inline Quat turn(char axis, double angle) {
  Quat q{std::cos(angle / 2), 0, 0, 0};
  q[static_cast<size_t>(axis - 'x') + 1] = std::sin(angle / 2);
  return q;
}
// First `b`, then `a`.
inline Quat multiply(const Quat& a, const Quat& b) {
  return {a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3],
          a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2],
          a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1],
          a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0]};
}
inline Mat3 matrix(const Quat& q) {
  const auto [w, x, y, z] = q;
  return {1 - 2 * (y * y + z * z), 2 * (x * y - w * z),     2 * (x * z + w * y),
          2 * (x * y + w * z),     1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
          2 * (x * z - w * y),     2 * (y * z + w * x),     1 - 2 * (x * x + y * y)};
}

}  // namespace libra::sim
