// Where the world of a task comes from when it is not composed from our own bodies: the model, the
// initial states and what the predicates see. Source files only: it includes MuJoCo.
#pragma once

#include <memory>

#include "libra/core/env.h"
#include "libra/sim/predicates.h"
#include "libra/sim/scene.h"

namespace libra::sim {

// Immutable after construction; may serve several environments on several threads. The scene that
// the other calls get is one that make_scene() made.
class SceneSource {
 public:
  virtual ~SceneSource() = default;
  // Throws Error for files that are missing or do not fit together; then there is no scene.
  virtual std::unique_ptr<Scene> make_scene() const = 0;
  // Puts the initial state of `key`, not yet settled, into qpos and qvel, and things without joints
  // in their places. Throws Error(kBadInput) for a layout that it does not know.
  virtual void place(const Scene& scene, const EpisodeKey& key) const = 0;
  // The world at the scene's current state, for predicates; `scene` must outlive it.
  virtual std::unique_ptr<World> world(const Scene& scene) const = 0;
  // Called after every control step: lets looks follow the state, such as a burner that glows.
  virtual void update_looks(const Scene&) const {}
};

}  // namespace libra::sim
