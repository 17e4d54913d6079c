#include "libra/sim/engine/placement.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "libra/core/error.h"
#include "libra/sim/bodies/catalogue.h"
#include "libra/sim/engine/world.h"

namespace libra::sim::engine {
namespace {

constexpr double kGap = 0.001;  // below a thing as it is put down (m)

// Where a joint starts by the predicate that names it: LIBERO's default ranges.
struct JointStart {
  std::string_view category;
  task::PredicateKind kind;
  double low, high;  // m or rad
};
constexpr std::array<JointStart, 4> kJointStarts{{
    {"wooden_cabinet", task::PredicateKind::kOpen, -.16, -.14},
    {"white_cabinet", task::PredicateKind::kOpen, -.16, -.14},
    {"microwave", task::PredicateKind::kOpen, -2.094, -1.3},
    {"flat_stove", task::PredicateKind::kTurnOn, .5, 2.1},
}};

[[noreturn]] void fail(const task::Problem& problem, task::SourcePosition at,
                       const std::string& what, const std::string& expected) {
  throw Error(ErrorCode::kBadInput, {.where = problem.file + ":" + std::to_string(at.line) + ":" +
                                              std::to_string(at.column),
                                     .problem = what,
                                     .expected = expected});
}

const task::Predicate* start_of(const task::Problem& problem, const std::string& name) {
  for (const task::Predicate& atom : problem.init) {
    if (atom.args.size() == 2 && atom.args[0] == name) return &atom;
  }
  return nullptr;
}

// A pose in a region with ranges; nullopt for other names.
std::optional<FixturePose> draw(const Scene& scene, const task::Problem& problem,
                                const std::string& region_key, Rng& rng) {
  const task::Region* region = problem.find_region(region_key);
  if (region == nullptr || region->ranges.empty()) return std::nullopt;
  const task::Rectangle& r = region->ranges[rng.below(region->ranges.size())];
  const Vec3& origin = scene.arena().origin;
  FixturePose pose;
  pose.x = origin[0] + rng.uniform(r.x0, r.x1);
  pose.y = origin[1] + rng.uniform(r.y0, r.y1);
  pose.yaw = rng.uniform(region->yaw[0], region->yaw[1]);
  return pose;
}

void place_fixtures(Scene& scene, const task::Problem& problem, Rng& rng) {
  for (size_t i = 0; i < scene.fixtures().size(); ++i) {
    const std::string& name = scene.fixtures()[i].name;
    const task::Predicate* start = start_of(problem, name);
    const auto pose = start ? draw(scene, problem, start->args[1], rng) : std::nullopt;
    if (!pose) {
      fail(problem, problem.find_fixture(name)->at,
           "no region says where fixture '" + name + "' stands",
           "(On " + name + " <region with ranges>) in :init");
    }
    scene.place_fixture(i, *pose);
  }
}

void place_joints(const Scene& scene, const task::Problem& problem, Rng& rng) {
  const mjModel* m = scene.model();
  for (const task::Predicate& atom : problem.init) {
    if (atom.args.size() != 1) continue;
    const int site = mj_name2id(m, mjOBJ_SITE, atom.args[0].c_str());
    for (const SceneFixture& fixture : scene.fixtures()) {
      for (const JointStart& start : kJointStarts) {
        if (start.category != fixture.category || start.kind != atom.kind) continue;
        for (const int joint : fixture.joints) {
          if (fixture.name == atom.args[0] ||
              (site >= 0 && m->site_bodyid[site] == m->jnt_bodyid[joint])) {
            scene.data()->qpos[m->jnt_qposadr[joint]] = rng.uniform(start.low, start.high);
          }
        }
      }
    }
  }
}

// Height of the first surface below a point.
double surface_below(const Scene& scene, const Vec3& point) {
  constexpr std::array<mjtByte, mjNGROUP> kSolids{1, 0, 0, 0, 0, 0};
  const Vec3 down{0, 0, -1};
  int geom = -1;
  const double distance =
      mj_ray(scene.model(), scene.data(), point.data(), down.data(), kSolids.data(), 1, -1, &geom);
  return distance < 0 ? point[2] : point[2] - distance;
}

// On or in a site of a fixture: near its middle, on the surface that is there.
Vec3 site_position(const Scene& scene, const task::Problem& problem, const task::Predicate& start,
                   Rng& rng) {
  const task::SiteBox box = *SceneWorld(scene, problem).site(start.args[1]);
  const double spread = start.kind == task::PredicateKind::kIn ? .012 : .02;
  // The drawers' sites lie on their side, so the spread is along world axes.
  Vec3 at = box.position + Vec3{rng.uniform(-spread, spread), rng.uniform(-spread, spread), 0};
  at[2] = surface_below(
      scene, start.kind == task::PredicateKind::kIn ? at : at + Vec3{0, 0, box.half_size[2] + .08});
  return at;
}

void place_objects(const Scene& scene, const task::Problem& problem, Rng& rng) {
  std::set<std::string> placed;
  for (size_t round = 0; placed.size() < scene.objects().size(); ++round) {
    for (const SceneObject& object : scene.objects()) {
      if (placed.count(object.name)) continue;
      if (problem.find_object(object.name) == nullptr) {
        put_aside(scene, object);
        placed.insert(object.name);
        continue;
      }
      const task::Predicate* start = start_of(problem, object.name);
      // Every round places at least one thing unless things stand on each other in a circle.
      if (start == nullptr || round > scene.objects().size()) {
        fail(problem, problem.find_object(object.name)->at,
             "nothing says where '" + object.name + "' starts",
             "(On " + object.name + " <region or thing>) in :init");
      }
      const std::string& where = start->args[1];
      const double bottom = object.model.half[2] - object.model.center[2];
      Vec3 at;
      double yaw = 0;
      if (const auto pose = draw(scene, problem, where, rng)) {
        at = {pose->x, pose->y, scene.arena().surface};
        yaw = pose->yaw;
      } else if (const SceneObject* under = scene.find(where); under != nullptr) {
        if (!placed.count(under->name)) continue;
        const double* base = scene.data()->qpos + under->qpos;
        at = {base[0], base[1], base[2] + under->model.center[2] + under->model.half[2]};
      } else if (problem.find_region(where) != nullptr) {
        at = site_position(scene, problem, *start, rng);
      } else {
        fail(problem, start->at, "nothing can be placed on '" + where + "'", "a region or object");
      }
      at[2] += bottom + kGap;
      put_object(scene, object, at, yaw);
      placed.insert(object.name);
    }
  }
}

}  // namespace

bool overlap(const Scene& scene) {
  constexpr double kDeepest = .0005;  // m
  const mjModel* m = scene.model();
  mj_fwdPosition(m, scene.data());
  for (int i = 0; i < scene.data()->ncon; ++i) {
    if (scene.data()->contact[i].dist < -kDeepest) return true;
  }
  return false;
}

void put_aside(const Scene& scene, const SceneObject& object) {
  const auto index = static_cast<double>(&object - scene.objects().data());
  put_object(scene, object, {10 + index, 10, 1}, 0);
}

void put_object(const Scene& scene, const SceneObject& object, const Vec3& position, double yaw) {
  double* q = scene.data()->qpos + object.qpos;
  std::copy(position.begin(), position.end(), q);
  const Quat quat = turn('z', yaw);
  std::copy(quat.begin(), quat.end(), q + 3);
}

void place_scene(Scene& scene, const task::Problem& problem, Rng& rng) {
  constexpr int kTries = 200;  // regions may overlap a little; the last draw stands
  for (int attempt = 0; attempt < kTries; ++attempt) {
    mj_resetData(scene.model(), scene.data());
    place_fixtures(scene, problem, rng);
    place_joints(scene, problem, rng);
    scene.update_poses();
    place_objects(scene, problem, rng);
    if (!overlap(scene)) return;
  }
}

}  // namespace libra::sim::engine
