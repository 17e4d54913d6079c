#include "libra/action/rotation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "libra/core/rng.h"

namespace libra::action {
namespace {

using Mat3 = std::array<std::array<double, 3>, 3>;

// Rodrigues' formula.
Mat3 matrix(const Vec3& v) {
  const double angle = std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
  const Vec3 k = {v[0] / angle, v[1] / angle, v[2] / angle};
  const Mat3 cross = {{{0, -k[2], k[1]}, {k[2], 0, -k[0]}, {-k[1], k[0], 0}}};
  Mat3 out{};
  for (size_t i = 0; i < 3; ++i) {
    for (size_t j = 0; j < 3; ++j) {
      double square = 0;
      for (size_t n = 0; n < 3; ++n) square += cross[i][n] * cross[n][j];
      out[i][j] = (i == j) + std::sin(angle) * cross[i][j] + (1 - std::cos(angle)) * square;
    }
  }
  return out;
}

TEST(Rotation, AgreesWithRodriguesFormula) {
  Rng rng(7);
  for (int trial = 0; trial < 200; ++trial) {
    Vec3 v;
    for (double& x : v) x = rng.uniform(-1.8, 1.8);  // shorter than pi
    const Mat3 m = matrix(v);
    std::array<double, 6> columns{};
    from_quaternion(SegmentKind::kRotation6d, from_vector(v), columns);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_NEAR(columns[i], m[i][0], 1e-12);
      EXPECT_NEAR(columns[3 + i], m[i][1], 1e-12);
    }
    const Vec3 back = to_vector(to_quaternion(SegmentKind::kRotation6d, columns));
    for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(back[i], v[i], 1e-9);
  }
}

TEST(Rotation, OneAfterTheOtherIsTheProductOfTheMatrices) {
  const Vec3 a = {0.3, -0.8, 0.5}, b = {-1.1, 0.2, 0.4};
  const Mat3 ma = matrix(a), mb = matrix(b);
  std::array<double, 6> columns{};
  from_quaternion(SegmentKind::kRotation6d, then(from_vector(a), from_vector(b)), columns);
  for (size_t i = 0; i < 3; ++i) {
    double first = 0, second = 0;
    for (size_t n = 0; n < 3; ++n) {
      first += mb[i][n] * ma[n][0];
      second += mb[i][n] * ma[n][1];
    }
    EXPECT_NEAR(columns[i], first, 1e-12);
    EXPECT_NEAR(columns[3 + i], second, 1e-12);
  }
  const Vec3 none = to_vector(then(from_vector(a), inverse(from_vector(a))));
  for (const double x : none) EXPECT_NEAR(x, 0, 1e-12);
}

TEST(Rotation, VectorsAreTheShortOnesAndQuaternionsHaveOneSign) {
  const Vec3 around = to_vector(from_vector({0, 0, 1.5 * M_PI}));  // the same as -pi / 2
  EXPECT_NEAR(around[2], -0.5 * M_PI, 1e-9);
  std::array<double, 4> q{};
  from_quaternion(SegmentKind::kQuaternion, {0, 0, 0.6, -0.8}, q);
  EXPECT_NEAR(q[2], -0.6, 1e-12);
  EXPECT_NEAR(q[3], 0.8, 1e-12);
}

TEST(Rotation, NumbersThatAreNoRotationGiveOne) {
  for (const SegmentKind kind : {SegmentKind::kQuaternion, SegmentKind::kRotation6d}) {
    const std::array<double, 6> zeros{};
    const Quaternion q = to_quaternion(kind, zeros);
    EXPECT_NEAR(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3], 1, 1e-12);
  }
  const std::array<double, 6> parallel = {1, 0, 0, 2, 0, 0};
  const Quaternion q = to_quaternion(SegmentKind::kRotation6d, parallel);
  EXPECT_NEAR(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3], 1, 1e-12);
}

}  // namespace
}  // namespace libra::action
