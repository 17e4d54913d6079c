#include "libra/sim/libero/region_draw.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "libra/core/error.h"
#include "libra/sim/bodies/panda.h"

namespace libra::sim::libero {
namespace {

constexpr double kArmDeviation = .02;  // of each joint (rad), as robosuite's default noise

[[noreturn]] void no_start(const task::Problem& problem, task::SourcePosition at,
                           const std::string& what, const std::string& expected) {
  throw Error(
      ErrorCode::kBadInput,
      {.where = problem.file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column),
       .problem = what,
       .expected = expected,
       .next = "no start can be drawn for this task; its stored states still work"});
}

const task::Predicate* placing(const task::Problem& problem, const std::string& name) {
  for (const task::Predicate& atom : problem.init) {
    if (atom.args.size() == 2 && atom.args[0] == name) return &atom;
  }
  return nullptr;
}

// The smallest and largest of a column of the stored states.
std::array<double, 2> range_of(const InitStates& stored, size_t column) {
  std::array<double, 2> range{stored.row(0)[column], stored.row(0)[column]};
  for (size_t i = 1; i < stored.rows; ++i) {
    range[0] = std::min(range[0], stored.row(i)[column]);
    range[1] = std::max(range[1], stored.row(i)[column]);
  }
  return range;
}

// Whether LIBERO's sampler takes a thing's radius off both ends of its region, whose ends then may
// change places.
bool shrinks_regions(const std::string& problem) {
  return problem == "libero_tabletop_manipulation" || problem == "libero_floor_manipulation";
}

// What is placed already.
struct Placed {
  double x, y, z, radius, top;
};

class StartDraw {
 public:
  StartDraw(const engine::Scene& scene, const task::Problem& problem, const NominalSizes& sizes,
            const InitStates& stored, Rng& rng)
      : scene_(scene), problem_(problem), sizes_(sizes), stored_(stored), rng_(rng) {}

  void run() {
    draw_arm();
    draw_joints();
    scene_.update_poses();  // sites of fixtures are asked for
    for (const engine::SceneFixture& fixture : scene_.fixtures()) {
      const double* at = scene_.data()->xpos + 3 * fixture.body;
      place(fixture.name, at);
    }
    // As LIBERO: the table first, then what stands on or in fixtures, then what stands on things.
    for (const engine::SceneObject& object : scene_.objects()) {
      if (on_table(object)) draw_on_table(object);
    }
    for (const engine::SceneObject& object : scene_.objects()) {
      if (!on_table(object) && problem_.find_region(where(object)) != nullptr) draw_at_site(object);
    }
    for (const engine::SceneObject& object : scene_.objects()) {
      if (placed_.count(object.name) == 0) put_on_thing(object);
    }
  }

 private:
  double* qpos() const { return scene_.data()->qpos; }

  void draw_arm() {
    for (size_t k = 0; k < bodies::kArmJoints; ++k)
      qpos()[k] = bodies::kReadyPosture[k] + kArmDeviation * rng_.normal();
    std::copy_n(stored_.row(0).begin() + 1 + engine::kFingerQpos, 2, qpos() + engine::kFingerQpos);
  }
  void draw_joints() {
    for (const engine::SceneFixture& fixture : scene_.fixtures()) {
      for (const int joint : fixture.joints) {
        const int address = scene_.model()->jnt_qposadr[joint];
        const auto [low, high] = range_of(stored_, 1 + static_cast<size_t>(address));
        qpos()[address] = rng_.uniform(low, high);
      }
    }
  }

  void place(const std::string& name, const double* at) {
    const NominalSize& size = sizes_.at(name);
    placed_[name] = {at[0], at[1], at[2], size.radius, size.top};
  }
  const task::Predicate& start_of(const engine::SceneObject& object) const {
    const task::Predicate* start = placing(problem_, object.name);
    if (start == nullptr) {
      no_start(problem_, problem_.find_object(object.name)->at,
               "nothing says where '" + object.name + "' starts",
               "(On " + object.name + " <region or thing>) in :init");
    }
    return *start;
  }
  const std::string& where(const engine::SceneObject& object) const {
    return start_of(object).args[1];
  }
  bool on_table(const engine::SceneObject& object) const {
    const task::Region* region = problem_.find_region(where(object));
    return region != nullptr && !region->ranges.empty();
  }

  // The height and the way it stands of the stored states; an orientation that varies there is
  // drawn between its ends.
  void stand(const engine::SceneObject& object, double x, double y) {
    double* q = qpos() + object.qpos;
    const auto first = stored_.row(0).subspan(1 + static_cast<size_t>(object.qpos), 7);
    std::copy(first.begin(), first.end(), q);
    q[0] = x, q[1] = y;
    const size_t quat = 1 + static_cast<size_t>(object.qpos) + 3;
    const auto [low_w, high_w] = range_of(stored_, quat);
    if (high_w - low_w > 1e-3) {
      double low = 0, high = 0;  // of the turn about z against the first
      const Quat inverse{q[3], -q[4], -q[5], -q[6]};
      for (size_t i = 0; i < stored_.rows; ++i) {
        Quat other;
        std::copy_n(stored_.row(i).begin() + static_cast<long>(quat), 4, other.begin());
        const Quat between = multiply(other, inverse);
        const double angle = 2 * std::atan2(between[3], between[0]);
        low = std::min(low, angle), high = std::max(high, angle);
      }
      const Quat turned =
          multiply(turn('z', rng_.uniform(low, high)), Quat{q[3], q[4], q[5], q[6]});
      std::copy(turned.begin(), turned.end(), q + 3);
    }
    place(object.name, q);
  }
  // As LIBERO keeps things apart: by their nominal radii, unless one is above the other.
  bool is_free(const engine::SceneObject& object, double x, double y) const {
    const double z = stored_.row(0)[1 + static_cast<size_t>(object.qpos) + 2];
    const NominalSize& size = sizes_.at(object.name);
    return std::none_of(placed_.begin(), placed_.end(), [&](const auto& entry) {
      const Placed& other = entry.second;
      return std::hypot(x - other.x, y - other.y) <= other.radius + size.radius &&
             z - other.z <= other.top - size.bottom;
    });
  }
  template <class Draw>
  void draw_free(const engine::SceneObject& object, Draw&& draw) {
    constexpr int kTries = 5000;  // LIBERO's
    for (int i = 0; i < kTries; ++i) {
      const auto [x, y] = draw();
      if (is_free(object, x, y)) return stand(object, x, y);
    }
    no_start(problem_, start_of(object).at, "the regions leave no room for '" + object.name + "'",
             "regions in which things do not overlap");
  }
  // Ends that changed places are still ends.
  double between(double low, double high, double shrink) {
    return rng_.uniform(low + shrink, high - shrink);
  }

  void draw_on_table(const engine::SceneObject& object) {
    const task::Region& region = *problem_.find_region(where(object));
    const Vec3& origin = scene_.arena().origin;
    const double shrink = shrinks_regions(problem_.name) ? sizes_.at(object.name).radius : 0.0;
    draw_free(object, [&] {
      const task::Rectangle& r = region.ranges[rng_.below(region.ranges.size())];
      const double x = origin[0] + between(r.x0, r.x1, shrink);
      return std::array<double, 2>{x, origin[1] + between(r.y0, r.y1, shrink)};
    });
  }
  void draw_at_site(const engine::SceneObject& object) {
    const task::Predicate& start = start_of(object);
    const mjModel* m = scene_.model();
    const int site = mj_name2id(m, mjOBJ_SITE, start.args[1].c_str());
    if (site < 0) {
      no_start(problem_, start.at, "there is no site '" + start.args[1] + "'",
               "a region with ranges or a site of a fixture");
    }
    const double* at = scene_.data()->site_xpos + 3 * site;
    const double shrink = sizes_.at(object.name).radius;
    // In a site things stand in its middle.
    const bool inside = start.kind == task::PredicateKind::kIn;
    const auto offset = [&](int axis) {
      const double half = m->site_size[3 * site + axis] / 2;
      return inside ? 0.0 : between(-half, half, shrink);
    };
    draw_free(object, [&] {
      const double x = at[0] + offset(0);
      return std::array<double, 2>{x, at[1] + offset(1)};
    });
  }
  void put_on_thing(const engine::SceneObject& object) {
    const task::Predicate& start = start_of(object);
    const auto under = placed_.find(start.args[1]);
    if (under == placed_.end()) {
      no_start(problem_, start.at, "nothing can be placed on '" + start.args[1] + "'",
               "a region or a thing that is placed itself");
    }
    stand(object, under->second.x, under->second.y);
  }

  const engine::Scene& scene_;
  const task::Problem& problem_;
  const NominalSizes& sizes_;
  const InitStates& stored_;
  Rng& rng_;
  std::map<std::string, Placed> placed_;
};

}  // namespace

void draw_fixtures(const engine::Scene& scene, const task::Problem& problem, Rng& rng) {
  const Vec3& origin = scene.arena().origin;
  for (const engine::SceneFixture& fixture : scene.fixtures()) {
    const task::Predicate* start = placing(problem, fixture.name);
    const task::Region* region = start == nullptr ? nullptr : problem.find_region(start->args[1]);
    if (region == nullptr || region->ranges.empty()) continue;
    const task::Rectangle& r = region->ranges[rng.below(region->ranges.size())];
    double* position = scene.model()->body_pos + 3 * fixture.body;
    position[0] = origin[0] + rng.uniform(r.x0, r.x1);
    position[1] = origin[1] + rng.uniform(r.y0, r.y1);
    const Quat rotation = turn('z', rng.uniform(region->yaw[0], region->yaw[1]));
    std::copy(rotation.begin(), rotation.end(), scene.model()->body_quat + 4 * fixture.body);
  }
}

void draw_start(const engine::Scene& scene, const task::Problem& problem, const NominalSizes& sizes,
                const InitStates& stored, Rng& rng) {
  StartDraw(scene, problem, sizes, stored, rng).run();
}

}  // namespace libra::sim::libero
