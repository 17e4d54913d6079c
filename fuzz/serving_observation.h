// From a decoded message to the observation, as the server does it.
#pragma once

#include <cmath>
#include <cstdlib>

#include "libra/core/error.h"
#include "libra/serving/observation_map.h"
#include "libra/serving/wire.h"

namespace libra::serving {

inline void read_observation(const std::function<WireMessage(const Limits&)>& decode) {
  static const ObservationMap map(
      [] {
        Embodiment robot;
        robot.name = "robot";
        robot.cameras = {{.name = "agentview"}, {.name = "hand", .optional = true}};
        robot.proprio = {{.name = "a", .size = 3}, {.name = "b", .size = 5}};
        robot.action = {{.name = "c", .size = 7}};
        return robot;
      }(),
      {});
  Limits limits;
  limits.image_mp = 0.3;  // as many bugs, in less time
  try {
    const WireMessage message = decode(limits);
    for (const auto& [name, value] : message.values) {
      if (name.size() > 4096 || describe(value).empty()) std::abort();
    }
    const ObservationMap::Mapped mapped = map.read(message, limits, Flip::kRotated);
    if (mapped.observation.images.size() != 2 || mapped.observation.proprio.size() != 8 ||
        mapped.instruction.size() > 2000 || !valid_utf8(mapped.instruction)) {
      std::abort();
    }
    for (const Image& image : mapped.observation.images) {
      if (image.rgb.size() != size_t(image.height) * size_t(image.width) * 3) std::abort();
    }
    for (const double x : mapped.observation.proprio) {
      if (!std::isfinite(x)) std::abort();
    }
  } catch (const Error&) {
  }
}

}  // namespace libra::serving
