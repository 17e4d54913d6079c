// An observation of noise.
#pragma once

#include "libra/core/observation.h"
#include "libra/core/rng.h"

namespace libra::policy {

inline Observation random_observation(uint64_t seed) {
  Rng rng(seed);
  Observation observation;
  for (int c = 0; c < 2; ++c) {
    Image image(48, 48);  // not the model's side: it must be resized
    for (auto& byte : image.rgb) byte = uint8_t(rng.below(256));
    observation.images.push_back(std::move(image));
  }
  observation.proprio.resize(8);
  for (auto& x : observation.proprio) x = rng.uniform(-1, 1);
  observation.step = int64_t(seed);
  return observation;
}

}  // namespace libra::policy
