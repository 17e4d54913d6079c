// The pictures on floors, walls and wood of Libra's own rooms. Source files only: it includes
// MuJoCo.
#pragma once

#include <mujoco/mujoco.h>

namespace libra::sim::engine {

inline constexpr int kTexturePixels = 256;  // side of these textures

// Fills the textures "floor", "wall" and "wood" of a room; painted once for all scenes.
void paint_textures(mjModel* m);

}  // namespace libra::sim::engine
