// The world of one LIBERO task: its composed model, its stored states, its predicates. Source files
// only: it includes MuJoCo.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libra/core/rng.h"
#include "libra/sim/libero/arena.h"
#include "libra/sim/libero/checkout.h"
#include "libra/sim/libero/compose.h"
#include "libra/sim/libero/init_states.h"
#include "libra/sim/scene_source.h"

namespace libra::sim::libero {

class LiberoSource final : public SceneSource {
 public:
  LiberoSource(Checkout checkout, Task task, Problem problem, ComposeOptions options)
      : checkout_(std::move(checkout)),
        task_(std::move(task)),
        problem_(std::move(problem)),
        options_(options) {}

  std::unique_ptr<Scene> make_scene() const override;
  void place(const Scene& scene, const EpisodeKey& key) const override;
  std::unique_ptr<World> world(const Scene& scene) const override;
  void update_looks(const Scene& scene) const override;

  ComposedModel compose_model() const;
  // Read at every call: 50 states are some 50 kB.
  InitStates states() const;

 private:
  void place_fixtures(const Scene& scene, Rng& rng) const;

  Checkout checkout_;
  Task task_;
  Problem problem_;
  ComposeOptions options_;
};

// Predicates on the composed model, by its names.
class LiberoWorld final : public World {
 public:
  LiberoWorld(const Scene& scene, const Problem& problem) : scene_(scene), problem_(problem) {}
  std::optional<SiteBox> site(std::string_view name) const override;
  Vec3 body_position(std::string_view instance) const override;
  bool contact(std::string_view a, std::string_view b) const override;
  // Only sites have a hollow in LIBERO.
  bool inside(std::string_view, const Vec3&) const override { return false; }
  std::vector<JointState> joints(std::string_view name) const override;

 private:
  // The instance that a body belongs to; nullptr for the arena and the robot.
  const Instance* owner(int body) const;

  const Scene& scene_;
  const Problem& problem_;
};

}  // namespace libra::sim::libero
