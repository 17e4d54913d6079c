// Pictures and shapes that a composed model needs from disk: what nothing refers to is dropped,
// what is missing is named or replaced.
#pragma once

#include <mujoco/mujoco.h>

#include <string>
#include <vector>

namespace libra::sim::libero {

// `scene` is a whole model with absolute file names, not yet compiled. Meshes, materials and
// textures to which nothing refers go away: they change neither physics nor picture. Of the others
// every file must be there. With `allow`, a geom that is only looked at and whose mesh is missing
// gives way to the collision geoms of its body, and a missing texture leaves its material plain
// grey; the files are returned. Throws Error(kNotFound) that lists the missing files and `task`; a
// mesh that collides is never replaced.
std::vector<std::string> resolve_visuals(mjSpec& scene, const std::string& task, bool allow);

}  // namespace libra::sim::libero
