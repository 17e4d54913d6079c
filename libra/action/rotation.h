// Rotations in the forms that robots give them, and what lies between two of them.
#pragma once

#include <array>
#include <span>

#include "libra/core/embodiment.h"

namespace libra::action {

using Quaternion = std::array<double, 4>;  // x, y, z, w
using Vec3 = std::array<double, 3>;

// The rotation that comes of `first` and then `second`, both about the fixed axes.
Quaternion then(const Quaternion& first, const Quaternion& second);
Quaternion inverse(const Quaternion& q);
// Rotation vector (rad), of length 0 to pi, and back.
Vec3 to_vector(const Quaternion& q);
Quaternion from_vector(const Vec3& v);

// From and to the numbers of a segment of this kind (axis_angle, quaternion, rotation_6d).
// Quaternions come out with w >= 0; numbers that are no rotation give the nearest one.
Quaternion to_quaternion(SegmentKind kind, std::span<const double> numbers);
void from_quaternion(SegmentKind kind, const Quaternion& q, std::span<double> numbers);

}  // namespace libra::action
