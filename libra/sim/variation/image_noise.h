// Corruptions of camera images as pure functions: the five of LIBERO-Plus, after the usual
// definitions of image-corruption benchmarks. Lengths are in pixels; edges are continued by their
// last pixel, so a constant image stays constant under every blur.
#pragma once

#include <vector>

#include "libra/core/observation.h"
#include "libra/core/rng.h"

namespace libra::sim::variation {

// Weights at -r .. r with r = ceil(4 sigma), sum 1. sigma >= 0.
std::vector<double> gaussian_kernel(double sigma);
Image gaussian_blur(const Image& image, double sigma);

// A trail from every pixel in the direction of `angle` (rad, from right towards down): 2 radius + 1
// taps a pixel apart, weighted by the half Gaussian of `sigma`.
Image motion_blur(const Image& image, double radius, double sigma, double angle);

// The mean of the image and its magnifications about the middle by 1, 1 + step, ... below
// `largest`.
Image zoom_blur(const Image& image, double largest, double step);

// Plasma clouds of white: `strength` times the image's range is added and the sum brought back into
// it. `decay` > 1 is by how much a cloud's detail fades from one scale to the next finer one.
Image fog(const Image& image, double strength, double decay, Rng& rng);
// The clouds: kPlasma x kPlasma values in [0, 1] that reach both ends, row by row; they repeat
// without a seam.
inline constexpr int kPlasma = 256;
std::vector<double> plasma(double decay, Rng& rng);

// Seen through rough glass: between two Gaussian blurs of `sigma` every pixel changes places
// `rounds` times with another, drawn from a square of +-`reach` about it and rounded to whole
// pixels (s + 1/2 draws evenly from -s .. s).
Image glass_blur(const Image& image, double sigma, double reach, int rounds, Rng& rng);

}  // namespace libra::sim::variation
