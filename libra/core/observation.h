// What the sensors say at one control step, and the commands that answer it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace libra {

inline constexpr int kActionDim = 7;   // dx dy dz, d-axis-angle 3, gripper
inline constexpr int kProprioDim = 8;  // eef position 3 (m), axis-angle 3 (rad), fingers 2 (m)

// RGB image, uint8, height x width x 3, row 0 at the top, as a person would see it.
struct Image {
  int height = 0;
  int width = 0;
  std::vector<uint8_t> rgb;

  Image() = default;
  Image(int h, int w) : height(h), width(w), rgb(static_cast<size_t>(h) * w * 3) {}
  const uint8_t* row(int y) const { return rgb.data() + static_cast<size_t>(y) * width * 3; }
  uint8_t* row(int y) { return rgb.data() + static_cast<size_t>(y) * width * 3; }
};

using Proprio = std::array<double, kProprioDim>;

struct Observation {
  std::vector<Image> images;  // in the order of the embodiment's cameras
  Proprio proprio{};
  int64_t step = 0;   // control steps since the episode began
  double time = 0.0;  // s since the episode began
};

// One control step's command, every entry in [-1, 1]: x 0.05 m, x 0.5 rad, gripper -1 open +1
// close.
using Action = std::array<float, kActionDim>;
inline constexpr std::array<const char*, kActionDim> kActionNames = {
    "dx", "dy", "dz", "droll", "dpitch", "dyaw", "gripper"};

// Cameras of the embodiment in the order of Observation::images.
inline const std::vector<std::string>& camera_names() {
  static const std::vector<std::string> names = {"agentview", "eye_in_hand"};
  return names;
}

}  // namespace libra
