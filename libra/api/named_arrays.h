// Arrays of numbers with names, as other languages hand them over, and the Observation that they
// make for a robot.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libra/core/embodiment.h"
#include "libra/core/observation.h"

namespace libra::api {

enum class Dtype { kUint8, kFloat32, kFloat64, kOther };

// What is somebody else's: neither owned nor kept.
struct NamedArray {
  std::string_view name;
  const void* data = nullptr;
  Dtype dtype = Dtype::kOther;
  std::string dtype_name = {};  // for messages, where dtype is kOther
  std::vector<int64_t> shape = {};
  std::vector<int64_t> strides = {};  // in elements; empty: one row after the other, no gaps
};

// Name of the robot's state among the arrays; the others are cameras.
inline constexpr std::string_view kProprio = "proprio";
// Side of a picture, px, that is taken for one.
inline constexpr int64_t kMaxSide = 8192;

// Of one picture a camera of the robot, uint8 [height, width, 3] of any size, RGB, row 0 at the
// top; and its state, float32 or float64 [proprio_dim]. A camera that the robot may lack may be
// missing. Throws Error(kBadInput), one for everything that is missing, unknown, of another kind or
// shape, or not finite.
Observation observation_of(std::span<const NamedArray> arrays, const Embodiment& robot,
                           int64_t step = 0);

}  // namespace libra::api
