// Textures made by code, for surfaces that are to look like another material.
#pragma once

#include <cstdint>
#include <vector>

#include "libra/core/rng.h"

namespace libra::sim::variation {

inline constexpr int kPatternFamilies = 8;

// RGB, kTexturePixels square, repeating without a seam: one of the families (planks, checks,
// stripes, bricks, marble, speckles, weave, dots) in two colours that the generator draws.
std::vector<uint8_t> draw_pattern(Rng& rng);
// The same with the family given, 0 to kPatternFamilies - 1.
std::vector<uint8_t> draw_pattern(int family, Rng& rng);

// a + share (b - a), by byte; both of one size.
std::vector<uint8_t> blend(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b,
                           double share);

}  // namespace libra::sim::variation
