// Random changes of training images, byte in, byte out; a pure function of the image and the Rng.
#pragma once

#include "libra/core/config.h"
#include "libra/core/observation.h"
#include "libra/core/rng.h"

namespace libra::preprocess {

struct AugmentConfig {
  int shift = 4;             // px, each axis moves by -shift .. shift; uncovered edges repeat
  double brightness = 0.15;  // the image is scaled by 1 +- this
  double channel = 0.05;     // each channel is shifted by +- this share of full scale
  void list(ConfigFields& f) {
    f.add("shift", shift, "largest image shift in px, each axis", {0, 64});
    f.add("brightness", brightness, "largest relative change of brightness", {0, 1});
    f.add("channel", channel, "largest offset of a colour channel, as share of full scale", {0, 1});
  }
};

// How far the picture moved, in px: what stood at x stands at x + dx.
struct ImageShift {
  int dx = 0, dy = 0;
};

// Draws shift, brightness and offsets from `rng` (always six numbers) and applies them.
// `out` is resized as needed and may not be `in`.
ImageShift augment(const Image& in, const AugmentConfig& config, Rng& rng, Image& out);
Image augment(const Image& in, const AugmentConfig& config, Rng& rng);

}  // namespace libra::preprocess
