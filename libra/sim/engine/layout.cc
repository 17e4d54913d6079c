#include "libra/sim/engine/layout.h"

#include <algorithm>
#include <cmath>

#include "libra/core/error.h"
#include "libra/sim/bodies/catalogue.h"
#include "libra/sim/bodies/panda.h"
#include "libra/sim/task/task_spec.h"

namespace libra::sim::engine {
namespace {

// The gripper seen from above, relative to the grip site (m): an open finger reaches this
// |y| and |x|; the palm hangs over everything taller than `palm_over` above the tips.
constexpr double kFingerOuter = 0.067, kFingerHalfX = 0.0105;
constexpr double kPalmHalfX = 0.032, kPalmHalfY = 0.104, kPalmAboveTips = 0.040;
constexpr double kGripBelowTop = 0.035, kTipsBelowGrip = 0.0092;

// The arm, its gripper pointing down, comes to the floor this far from its base: beyond, it is
// stretched straight and can no longer be steered. LIBERO's farthest square reaches 2 cm past that.
constexpr double kReach = 0.755;

bool apart(double gap_x, double gap_y) { return gap_x > 0 || gap_y > 0; }

bool reachable(const Footprint& item, const Footprint& other, double margin) {
  const double dx = std::abs(item.center[0] - other.center[0]);
  const double dy = std::abs(item.center[1] - other.center[1]);
  // A finger goes down on each side; the other thing must be beyond it or beside it.
  const double finger_x = dx - kFingerHalfX - other.half_x - margin;
  if (!apart(finger_x, dy - kFingerOuter - other.half_y - margin)) return false;
  const double tips = std::max(0.003, item.height - kGripBelowTop - kTipsBelowGrip);
  if (other.height + 0.01 < tips + kPalmAboveTips) return true;
  return apart(dx - kPalmHalfX - other.half_x - margin, dy - kPalmHalfY - other.half_y - margin);
}

const task::Region& start_region(const task::Problem& problem, const std::string& object) {
  for (const task::Predicate& atom : problem.init) {
    if (atom.kind != task::PredicateKind::kOn || atom.args.at(0) != object) continue;
    const task::Region* region = problem.find_region(atom.args.at(1));
    if (region != nullptr && !region->ranges.empty()) return *region;
  }
  throw Error(ErrorCode::kBadInput,
              {.where = problem.file,
               .problem = "no floor region says where '" + object + "' starts",
               .expected = "(On " + object + " <region with ranges>)"});
}

}  // namespace

Footprint footprint(std::string_view category, const FloorPoint& center) {
  const auto& half = bodies::object_model(std::string(category)).half;
  return {center, half[0], half[1], 2 * half[2]};
}

bool leaves_room(const std::vector<Footprint>& things, double margin) {
  for (size_t i = 0; i < things.size(); ++i) {
    const FloorPoint& p = things[i].center;
    if (std::hypot(p[0] - bodies::kRobotBase[0], p[1] - bodies::kRobotBase[1]) > kReach)
      return false;
    for (size_t j = 0; j < things.size(); ++j) {
      if (i == j) continue;
      const Footprint &a = things[i], &b = things[j];
      if (!apart(std::abs(a.center[0] - b.center[0]) - a.half_x - b.half_x - margin,
                 std::abs(a.center[1] - b.center[1]) - a.half_y - b.half_y - margin)) {
        return false;
      }
      if (i + 1 < things.size() && !reachable(a, b, margin)) return false;
    }
  }
  return true;
}

task::Problem shuffle_problem(const task::Problem& problem, Rng& rng) {
  const std::string target = task::goal_target(problem);
  const std::vector<std::string> items = task::askable_items(problem);
  std::vector<std::string> others;
  for (const std::string_view grocery : bodies::groceries()) {
    if (grocery != task::item_category(target)) others.emplace_back(grocery);
  }
  rng.shuffle(others);
  std::vector<std::string> regions;
  for (const std::string& item : items) regions.push_back(start_region(problem, item).key);
  rng.shuffle(regions);

  task::Problem shuffled = problem;
  std::erase_if(shuffled.init, [&](const task::Predicate& atom) {
    return std::find(items.begin(), items.end(), atom.args.at(0)) != items.end();
  });
  size_t drawn = 0, slot = 0;
  for (task::Instance& object : shuffled.objects) {
    if (std::find(items.begin(), items.end(), object.name) == items.end()) continue;
    if (object.name != target) {
      object.category = others.at(drawn++);
      object.name = object.category + "_1";
    }
    shuffled.init.push_back(
        {task::PredicateKind::kOn, {object.name, regions.at(slot++)}, object.at});
  }
  return shuffled;
}

std::vector<FloorPoint> place_objects(const task::Problem& problem, Rng& rng) {
  std::vector<const task::Region*> regions;
  for (const task::Instance& object : problem.objects) {
    regions.push_back(&start_region(problem, object.name));
  }
  constexpr int kTries = 4000;
  // Less and less to spare, so that a draw is found for every choice of regions.
  for (const double margin : {0.010, 0.007, 0.004, 0.001, -0.003, -1.0}) {
    for (int attempt = 0; attempt < kTries; ++attempt) {
      std::vector<FloorPoint> points;
      std::vector<Footprint> prints;
      for (size_t i = 0; i < regions.size(); ++i) {
        const auto& ranges = regions[i]->ranges;
        const task::Rectangle& r = ranges[rng.below(ranges.size())];
        points.push_back({rng.uniform(r.x0, r.x1), rng.uniform(r.y0, r.y1)});
        prints.push_back(footprint(problem.objects[i].category, points.back()));
      }
      if (leaves_room(prints, margin)) return points;
    }
  }
  throw Error(ErrorCode::kBadInput,
              {.where = problem.file, .problem = "the regions leave no room for the objects"});
}

}  // namespace libra::sim::engine
