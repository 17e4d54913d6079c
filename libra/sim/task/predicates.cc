#include "libra/sim/task/predicates.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "libra/core/error.h"

namespace libra::sim::task {
namespace {

constexpr double kOnObjectRadius = 0.03;  // m, origins this near in xy
constexpr double kInSlackBelow = 0.01;    // m, the lower bound of a containing site
constexpr double kOnSlackBelow = 0.005;   // m, under the top face of a supporting site
constexpr double kOnReachAbove = 0.10;    // m, over the top face
// Comparisons with it are false.
constexpr double kNever = std::numeric_limits<double>::quiet_NaN();

// A joint is "yes" (open, on) or "no" (closed, off) beyond a bound; values between are neither.
struct Threshold {
  double above = kNever;     // strict
  double below = kNever;     // strict
  double at_least = kNever;  // not strict
  bool met(double q) const { return q > above || q < below || q >= at_least; }
};

struct Articulation {
  std::string_view category;
  bool button;  // turned on and off rather than opened and closed
  Threshold yes, no;
};

// Drawers have 1 cm of over-travel behind the shut position and count as closed only in there.
constexpr std::array<Articulation, 8> kArticulations = {{
    {"wooden_cabinet", false, {.below = -0.14}, {.above = 0.0}},
    {"white_cabinet", false, {.below = -0.14}, {.above = 0.0}},
    {"yellow_cabinet", false, {.below = -0.14}, {.above = 0.0}},
    {"short_cabinet", false, {.above = 0.10}, {.below = 0.0}},
    {"short_fridge", false, {.above = 2.0}, {.below = 0.0}},
    {"microwave", false, {.below = -1.3}, {.above = -0.005}},
    {"flat_stove", true, {.at_least = 0.5}, {.below = 0.0}},
    {"yellow_stove", true, {.at_least = 0.5}, {.below = 0.0}},
}};

[[noreturn]] void no_such_joint(const Predicate& predicate, const std::string& found) {
  throw Error(
      ErrorCode::kBadInput,
      {.where = std::to_string(predicate.at.line) + ":" + std::to_string(predicate.at.column),
       .problem = "predicate '" + std::string(predicate_name(predicate.kind)) +
                  "' does not apply to '" + predicate.args[0] + "'",
       .expected = "a fixture with such a joint",
       .found = found});
}

bool joints_hold(const Predicate& predicate, const World& world) {
  const bool button =
      predicate.kind == PredicateKind::kTurnOn || predicate.kind == PredicateKind::kTurnOff;
  const bool yes =
      predicate.kind == PredicateKind::kTurnOn || predicate.kind == PredicateKind::kOpen;
  const auto joints = world.joints(predicate.args[0]);
  if (joints.empty()) no_such_joint(predicate, "no joint");
  const auto met = [&](const JointState& joint) {
    const auto entry = std::find_if(
        kArticulations.begin(), kArticulations.end(),
        [&](const Articulation& a) { return a.category == joint.category && a.button == button; });
    if (entry == kArticulations.end())
      no_such_joint(predicate, "category '" + joint.category + "'");
    return (yes ? entry->yes : entry->no).met(joint.value);
  };
  // One open drawer makes a cabinet open; only all of them shut make it closed.
  return yes ? std::any_of(joints.begin(), joints.end(), met)
             : std::all_of(joints.begin(), joints.end(), met);
}

bool in_holds(const Predicate& predicate, const World& world) {
  const Vec3 point = world.body_position(predicate.args[0]);
  if (const auto site = world.site(predicate.args[1])) return site_contains(*site, point);
  return world.contact(predicate.args[0], predicate.args[1]) &&
         world.inside(predicate.args[1], point);
}

bool on_holds(const Predicate& predicate, const World& world) {
  const std::string &upper = predicate.args[0], &lower = predicate.args[1];
  const Vec3 point = world.body_position(upper);
  if (const auto site = world.site(lower)) {
    return site_supports(*site, point) &&
           (site->parent.empty() || world.contact(upper, site->parent));
  }
  const Vec3 base = world.body_position(lower);
  return base[2] <= point[2] && world.contact(lower, upper) &&
         std::hypot(point[0] - base[0], point[1] - base[1]) < kOnObjectRadius;
}

}  // namespace

bool site_contains(const SiteBox& site, const Vec3& point) {
  // The box is the rotated half-size vector taken by component, not the rotated box.
  const Vec3 extent = rotate(site.rotation, site.half_size);
  for (int i = 0; i < 3; ++i) {
    const double high = site.position[i] + std::abs(extent[i]);
    const double low = site.position[i] - std::abs(extent[i]) - (i == 2 ? kInSlackBelow : 0.0);
    if (!(point[i] > low && point[i] < high)) return false;
  }
  return true;
}

bool site_supports(const SiteBox& site, const Vec3& point) {
  // LIBERO turns the offset by the site's rotation, where its inverse would be expected.
  const Vec3 d = rotate(site.rotation, {point[0] - site.position[0], point[1] - site.position[1],
                                        point[2] - site.position[2]});
  return d[2] > site.half_size[2] - kOnSlackBelow && d[2] < site.half_size[2] + kOnReachAbove &&
         std::abs(d[0]) < site.half_size[0] && std::abs(d[1]) < site.half_size[1];
}

bool holds(const Predicate& predicate, const World& world) {
  switch (predicate.kind) {
    case PredicateKind::kIn:
      return in_holds(predicate, world);
    case PredicateKind::kOn:
      return on_holds(predicate, world);
    case PredicateKind::kOpen:
    case PredicateKind::kClose:
    case PredicateKind::kTurnOn:
    case PredicateKind::kTurnOff:
      return joints_hold(predicate, world);
  }
  return false;
}

bool holds_all(std::span<const Predicate> goal, const World& world) {
  return std::all_of(goal.begin(), goal.end(),
                     [&](const Predicate& predicate) { return holds(predicate, world); });
}

}  // namespace libra::sim::task
