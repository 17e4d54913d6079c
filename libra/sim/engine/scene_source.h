// Where the world of a task comes from when it is not composed from our own bodies. Source files
// only: it includes MuJoCo.
#pragma once

#include <memory>

#include "libra/core/env.h"
#include "libra/sim/engine/scene.h"

namespace libra::sim::engine {

// Immutable after construction; may serve several environments on several threads.
class SceneSource {
 public:
  virtual ~SceneSource() = default;
  // Throws Error for files that are missing or do not fit together; then there is no scene.
  virtual std::unique_ptr<Scene> make_scene() const = 0;
  // Puts the initial state of `key`, not yet settled, into qpos and qvel of a scene that
  // make_scene() made, and its fixtures in their places.
  virtual void place(const Scene& scene, const EpisodeKey& key) const = 0;
};

}  // namespace libra::sim::engine
