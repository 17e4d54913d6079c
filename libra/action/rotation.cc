#include "libra/action/rotation.h"

#include <algorithm>
#include <cmath>

namespace libra::action {
namespace {

constexpr double kTiny = 1e-12;

Quaternion unit(Quaternion q) {
  const double length = std::sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
  if (!(length > kTiny)) return {0, 0, 0, 1};
  const double sign = q[3] < 0 ? -1.0 : 1.0;
  for (double& x : q) x *= sign / length;
  return q;
}

Vec3 cross(const Vec3& a, const Vec3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
double dot(const Vec3& a, const Vec3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
Vec3 scaled(const Vec3& a, double s) { return {a[0] * s, a[1] * s, a[2] * s}; }

// By Gram-Schmidt; `fallback` where the columns leave it open.
Vec3 normalised(const Vec3& a, const Vec3& fallback) {
  const double length = std::sqrt(dot(a, a));
  return length > kTiny ? scaled(a, 1.0 / length) : fallback;
}

// Of the rotation matrix with these columns; the largest of the four squares is divided by.
Quaternion from_columns(const Vec3& x, const Vec3& y, const Vec3& z) {
  const double trace = x[0] + y[1] + z[2];
  Quaternion q;
  if (trace > 0) {
    const double s = 2.0 * std::sqrt(trace + 1.0);
    q = {(y[2] - z[1]) / s, (z[0] - x[2]) / s, (x[1] - y[0]) / s, s / 4};
  } else if (x[0] > y[1] && x[0] > z[2]) {
    const double s = 2.0 * std::sqrt(1.0 + x[0] - y[1] - z[2]);
    q = {s / 4, (x[1] + y[0]) / s, (x[2] + z[0]) / s, (y[2] - z[1]) / s};
  } else if (y[1] > z[2]) {
    const double s = 2.0 * std::sqrt(1.0 + y[1] - x[0] - z[2]);
    q = {(x[1] + y[0]) / s, s / 4, (y[2] + z[1]) / s, (z[0] - x[2]) / s};
  } else {
    const double s = 2.0 * std::sqrt(1.0 + z[2] - x[0] - y[1]);
    q = {(x[2] + z[0]) / s, (y[2] + z[1]) / s, s / 4, (x[1] - y[0]) / s};
  }
  return unit(q);
}

}  // namespace

Quaternion then(const Quaternion& first, const Quaternion& second) {
  const auto& [ax, ay, az, aw] = second;
  const auto& [bx, by, bz, bw] = first;
  return {aw * bx + ax * bw + ay * bz - az * by, aw * by - ax * bz + ay * bw + az * bx,
          aw * bz + ax * by - ay * bx + az * bw, aw * bw - ax * bx - ay * by - az * bz};
}

Quaternion inverse(const Quaternion& q) { return {-q[0], -q[1], -q[2], q[3]}; }

Vec3 to_vector(const Quaternion& q) {
  const Vec3 v = {q[0], q[1], q[2]};
  const double sine = std::sqrt(dot(v, v));
  if (sine < kTiny) return {0, 0, 0};
  // Of q and -q, which are the same rotation, the one with the smaller angle.
  const double angle = 2.0 * std::atan2(q[3] < 0 ? -sine : sine, std::abs(q[3]));
  return scaled(v, angle / sine);
}

Quaternion from_vector(const Vec3& v) {
  const double angle = std::sqrt(dot(v, v));
  const double s = angle > 1e-9 ? std::sin(angle / 2) / angle : 0.5;
  return {s * v[0], s * v[1], s * v[2], std::cos(angle / 2)};
}

Quaternion to_quaternion(SegmentKind kind, std::span<const double> n) {
  if (kind == SegmentKind::kAxisAngle) return from_vector({n[0], n[1], n[2]});
  if (kind == SegmentKind::kQuaternion) return unit({n[0], n[1], n[2], n[3]});
  const Vec3 x = normalised({n[0], n[1], n[2]}, {1, 0, 0});
  const Vec3 second = {n[3], n[4], n[5]};
  const double along = dot(x, second);
  const Vec3 aside = std::abs(x[0]) < 0.9 ? Vec3{1, 0, 0} : Vec3{0, 1, 0};
  const Vec3 y =
      normalised({second[0] - along * x[0], second[1] - along * x[1], second[2] - along * x[2]},
                 normalised(cross(x, aside), {0, 1, 0}));
  return from_columns(x, y, cross(x, y));
}

void from_quaternion(SegmentKind kind, const Quaternion& q, std::span<double> numbers) {
  if (kind == SegmentKind::kAxisAngle) {
    const Vec3 v = to_vector(q);
    std::copy(v.begin(), v.end(), numbers.begin());
  } else if (kind == SegmentKind::kQuaternion) {
    const Quaternion u = unit(q);
    std::copy(u.begin(), u.end(), numbers.begin());
  } else {
    const auto [x, y, z, w] = unit(q);
    const std::array<double, 6> columns = {1 - 2 * (y * y + z * z), 2 * (x * y + z * w),
                                           2 * (x * z - y * w),     2 * (x * y - z * w),
                                           1 - 2 * (x * x + z * z), 2 * (y * z + x * w)};
    std::copy(columns.begin(), columns.end(), numbers.begin());
  }
}

}  // namespace libra::action
