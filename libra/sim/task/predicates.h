// LIBERO's success predicates over an abstract world, with its bounds and its quirks: boxes that
// are axis-aligned in the world, a lower bound loosened by 1 cm, thresholds of joints by category.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libra/sim/task/bddl.h"
#include "libra/sim/vec.h"

namespace libra::sim::task {

// A box site of a fixture or object, or a zone drawn on the table or floor.
struct SiteBox {
  Vec3 position{};  // centre, world, m
  Mat3 rotation{1, 0, 0, 0, 1, 0, 0, 0, 1};
  Vec3 half_size{};  // m
  // Instance whose model carries the site; "" for a zone, which needs no contact.
  std::string parent = {};
};

// One joint of an articulated fixture.
struct JointState {
  std::string category;  // "wooden_cabinet", "microwave", "flat_stove", ...
  double value = 0;      // m or rad
};

// What the predicates ask of a simulator, at its current state.
class World {
 public:
  virtual ~World() = default;
  // The site of a region key; nullopt when `name` is an instance.
  virtual std::optional<SiteBox> site(std::string_view name) const = 0;
  // World position of the origin of an instance's body.
  virtual Vec3 body_position(std::string_view instance) const = 0;
  // At least one contact between a collision geom of `a` and one of `b`.
  virtual bool contact(std::string_view a, std::string_view b) const = 0;
  // Whether a world point lies in the hollow of an instance (bowl, box); false for solid things.
  virtual bool inside(std::string_view instance, const Vec3& point) const = 0;
  // Joints of an instance, or of the body that carries a site.
  virtual std::vector<JointState> joints(std::string_view name) const = 0;
};

// The geometric tests by themselves.
bool site_contains(const SiteBox& site, const Vec3& point);  // In a site
bool site_supports(const SiteBox& site, const Vec3& point);  // On a site, without the contact

// Throws Error(kBadInput) when a joint predicate is asked of something without such joints.
bool holds(const Predicate& predicate, const World& world);
// The conjunction; true for an empty goal.
bool holds_all(std::span<const Predicate> goal, const World& world);

}  // namespace libra::sim::task
