// Leaves out of a picture what it cannot show, once for what the camera sees and once for what it
// sees in the mirror: MuJoCo draws the whole scene a second time for a reflecting surface. No pixel
// changes, unless fewer triangles are asked for. Source files only: it includes MuJoCo.
#pragma once

#include <mujoco/mujoco.h>

#include <memory>

#include "libra/sim/engine/drawn_meshes.h"

namespace libra::sim::engine {

class SeenParts {
 public:
  // For the current GL context and the model that `gl` was made of. cell: as DrawnMeshes has it;
  // where it is not 0, the meshes of `gl` are replaced. Throws Error(kFailed) where OpenGL lacks
  // display lists.
  SeenParts(const mjModel& model, const mjrContext& gl, double cell);
  ~SeenParts();
  SeenParts(const SeenParts&) = delete;
  SeenParts& operator=(const SeenParts&) = delete;

  // mjr_render() of a scene of this model as mjv_updateScene() leaves it; the scene is spent.
  void render(const mjrRect& viewport, mjvScene& scene, const mjrContext& gl);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace libra::sim::engine
