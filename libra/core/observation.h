// What the sensors say at one control step, and the commands that answer it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace libra {

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

// The robot's state, laid out as its Embodiment says.
using Proprio = std::vector<double>;

// One control step's command, laid out as its Embodiment says.
using Action = std::vector<float>;

struct Observation {
  std::vector<Image> images;  // in the order of the embodiment's cameras
  Proprio proprio;
  int64_t step = 0;   // control steps since the episode began
  double time = 0.0;  // s since the episode began
};

}  // namespace libra
