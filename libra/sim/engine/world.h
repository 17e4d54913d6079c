// What the success predicates see of a scene.
#pragma once

#include "libra/sim/engine/scene.h"
#include "libra/sim/task/predicates.h"

namespace libra::sim::engine {

// Poses and contacts must be up to date. Both references must outlive the view.
class SceneWorld final : public task::World {
 public:
  SceneWorld(const Scene& scene, const task::Problem& problem) : scene_(scene), problem_(problem) {}
  std::optional<task::SiteBox> site(std::string_view name) const override;
  Vec3 body_position(std::string_view instance) const override;
  bool contact(std::string_view a, std::string_view b) const override;
  bool inside(std::string_view instance, const Vec3& point) const override;
  std::vector<task::JointState> joints(std::string_view name) const override;

 private:
  const Scene& scene_;
  const task::Problem& problem_;
};

}  // namespace libra::sim::engine
