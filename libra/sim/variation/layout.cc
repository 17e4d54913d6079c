// Objects layout: things added that the task does not need, or what is there displaced.
#include "libra/sim/engine/layout.h"

#include <algorithm>
#include <map>
#include <numbers>
#include <optional>
#include <set>

#include "libra/core/error.h"
#include "libra/sim/engine/placement.h"
#include "libra/sim/variation/boxes.h"
#include "libra/sim/variation/effect.h"

namespace libra::sim::variation {
namespace {

// Where the arm can work: distances from its base (m).
bool in_reach(const engine::Scene& scene, const Box& box) {
  const Vec3& base = scene.arena().robot;
  const Vec3 middle = .5 * (box.low + box.high);
  const double distance = std::hypot(middle[0] - base[0], middle[1] - base[1]);
  return distance > .38 && distance < .745;
}

// The table's top; on the floor as far as the camera.
Box surface_of(const engine::Scene& scene) {
  const mjModel* m = scene.model();
  const int top = mj_name2id(m, mjOBJ_GEOM, "table_top");
  if (top < 0) return {{-.4, -.6, 0}, {.6, .6, 0}};
  const double *at = m->geom_pos + 3 * top, *half = m->geom_size + 3 * top;
  const double z = scene.arena().surface;
  return {{at[0] - half[0], at[1] - half[1], z}, {at[0] + half[0], at[1] + half[1], z}};
}

Vec3 position_of(const engine::Scene& scene, const engine::SceneObject& object) {
  const double* q = scene.data()->qpos + object.qpos;
  return {q[0], q[1], q[2]};
}

// --- added -------------------------------------------------------------------------------------

// One more thing a level, that the scene does not have.
class AddedThings final : public Effect {
 public:
  explicit AddedThings(const EffectRequest& r) : count_(r.variation.level), seed_(r.seed) {}

  std::vector<task::Instance> added_objects(const task::Problem& problem) override {
    std::vector<std::string> free = {"cookies",          "glazed_rim_porcelain_ramekin",
                                     "wine_bottle",      "moka_pot",
                                     "white_yellow_mug", "porcelain_mug",
                                     "red_coffee_mug"};
    free.insert(free.end(), bodies::groceries().begin(), bodies::groceries().end());
    std::erase_if(free, [&](const std::string& category) {
      return std::any_of(problem.objects.begin(), problem.objects.end(),
                         [&](const task::Instance& object) { return object.category == category; });
    });
    Rng rng(mix_seed({seed_, hash_name("which")}));
    rng.shuffle(free);
    for (size_t i = 0; i < static_cast<size_t>(count_); ++i) {
      added_.insert(free.at(i) + "_1");
      things_.push_back({free[i] + "_1", free[i], {}});
    }
    return things_;
  }

  void place(engine::Scene& scene, const task::Problem& problem) override {
    scene.update_poses();
    const std::vector<Taken> taken = keep_out(scene, problem);
    std::vector<Box> placed;
    Rng rng(mix_seed({seed_, hash_name("where")}));
    for (const task::Instance& thing : things_)
      put_down(scene, *scene.find(thing.name), taken, placed, rng);
  }

 private:
  // A place that is not free, with the room that it wants around it (m).
  struct Taken {
    Box box;
    double room;
  };

  static bool serves_goal(const engine::SceneFixture& fixture, const task::Problem& problem) {
    return std::any_of(problem.goal.begin(), problem.goal.end(), [&](const task::Predicate& atom) {
      return problem.instance_of(atom.args.back()) == fixture.name;
    });
  }

  // What must stay clear: room for a hand around the task's things, the ways of the drawers and
  // doors that the goal is about and what pulls them, and the places that the goal names with the
  // way to them.
  std::vector<Taken> keep_out(const engine::Scene& scene, const task::Problem& problem) const {
    constexpr double kHand = 0.045, kTall = 0.06, kTallMore = 0.03, kPull = 0.10;
    std::vector<Taken> taken;
    for (const engine::SceneObject& object : scene.objects()) {
      if (added_.count(object.name)) continue;
      const Box box = box_of(scene, object.body);
      const bool tall = box.high[2] - scene.arena().surface > kTall;
      taken.push_back({box, tall ? kHand : kHand + kTallMore});
    }
    for (const engine::SceneFixture& fixture : scene.fixtures()) {
      const bool used = serves_goal(fixture, problem);
      taken.push_back({used ? swept_box_of(scene, fixture) : box_of(scene, fixture.body),
                       used && !fixture.joints.empty() ? kPull : kHand});
    }
    for (const task::Predicate& atom : problem.goal) {
      const task::Region* zone =
          atom.args.size() == 2 ? problem.find_region(atom.args[1]) : nullptr;
      const engine::SceneObject* object = scene.find(atom.args[0]);
      if (zone == nullptr || object == nullptr) continue;
      Box way = box_of(scene, object->body);
      for (const task::Rectangle& r : zone->ranges) {
        const Vec3& o = scene.arena().origin;
        way.add({{o[0] + r.x0, o[1] + r.y0, o[2]}, {o[0] + r.x1, o[1] + r.y1, o[2]}});
      }
      if (!zone->ranges.empty()) taken.push_back({way, kHand});
    }
    return taken;
  }

  // In the picture and, if that can be, before other things; closer to them where there is little
  // room, behind the walls where there is none.
  static void put_down(const engine::Scene& scene, const engine::SceneObject& object,
                       const std::vector<Taken>& taken, std::vector<Box>& placed, Rng& rng) {
    constexpr int kTries = 600;
    constexpr double kApart = 0.01, kAtRobot = 0.30;
    const Box surface = surface_of(scene).grown(-.05);
    const double nearest = scene.arena().robot[0] + kAtRobot;
    const double z = scene.arena().surface + object.model.half[2] - object.model.center[2] + 2e-4;
    struct Stage {
      double roomy;  // share of the room that is asked for
      bool seen;
    };
    for (const auto& [roomy, seen] :
         {Stage{1, true}, Stage{.6, true}, Stage{.3, true}, Stage{.3, false}, Stage{.1, false}}) {
      for (int attempt = 0; attempt < kTries; ++attempt) {
        const Vec3 at{rng.uniform(nearest, surface.high[0]),
                      rng.uniform(surface.low[1], surface.high[1]), z};
        engine::put_object(scene, object, at, rng.uniform(-std::numbers::pi, std::numbers::pi));
        mj_kinematics(scene.model(), scene.data());
        const Box box = box_of(scene, object.body);
        const auto too_near = [&, share = roomy](const Taken& t) {
          return gap_between(box, t.box) < share * t.room;
        };
        if (std::any_of(taken.begin(), taken.end(), too_near) ||
            std::any_of(placed.begin(), placed.end(),
                        [&](const Box& other) { return gap_between(box, other) < kApart; }) ||
            !in_picture(scene, box, .02) || (seen && !is_seen(scene, object))) {
          continue;
        }
        placed.push_back(box);
        return;
      }
    }
    engine::put_aside(scene, object);
  }

  int count_;
  uint64_t seed_;
  std::vector<task::Instance> things_;
  std::set<std::string> added_;
};

// --- displaced ---------------------------------------------------------------------------------

// Everything that stands on the surface moves, with what it carries, by at most so much a level.
class DisplacedThings final : public Effect {
 public:
  DisplacedThings(const EffectRequest& r, double objects, double fixtures)
      : objects_(objects * r.variation.level),
        fixtures_(fixtures * r.variation.level),
        seed_(r.seed) {}

  void place(engine::Scene& scene, const task::Problem& problem) override {
    scene.update_poses();
    const Plain plain = plain_of(scene, problem);
    constexpr int kTries = 60, kPatience = 30;
    Rng rng(seed_);
    double scale = 1;
    for (int attempt = 0; attempt < kTries; ++attempt) {
      const auto offsets = draw(scene, plain, scale, rng);
      if (offsets) {
        apply(scene, plain, *offsets);
        if (!engine::overlap(scene) && (attempt >= kPatience || sees_all(scene, plain))) return;
      }
      if (attempt >= kPatience) scale *= .9;  // where nothing fits the bound gives way
    }
    apply(scene, plain, {});
  }

 private:
  using Offsets = std::map<std::string, Vec3>;  // by root
  using Boxes = std::map<std::string, Box>;     // by root

  // The plain start.
  struct Plain {
    std::map<std::string, std::string> root;  // by instance: what on the surface carries it
    std::set<std::string> roots;              // that may move
    std::set<std::string> fixtures, seen;
    std::map<std::string, Vec3> position;  // of objects
    std::map<std::string, engine::FixturePose> pose;
    Boxes box;                       // of roots, with what they carry
    std::vector<std::string> order;  // of the roots that may move, the largest first
    bool together = false;           // objects move as one
  };

  // What the camera saw it still sees.
  static bool sees_all(const engine::Scene& scene, const Plain& plain) {
    return std::all_of(plain.seen.begin(), plain.seen.end(),
                       [&](const std::string& name) { return is_seen(scene, *scene.find(name)); });
  }

  static std::string carrier(const engine::Scene& scene, const task::Problem& problem,
                             const std::string& name) {
    for (const task::Predicate& atom : problem.init) {
      if (atom.args.size() != 2 || atom.args[0] != name) continue;
      const task::Region* region = problem.find_region(atom.args[1]);
      if (region != nullptr && !region->ranges.empty()) return name;
      const std::string& under = problem.instance_of(atom.args[1]);
      if (scene.find(under) == nullptr && scene.find_fixture(under) == nullptr) return name;
      return carrier(scene, problem, under);
    }
    return name;
  }

  static Plain plain_of(const engine::Scene& scene, const task::Problem& problem) {
    Plain plain;
    std::set<std::string> categories;
    for (const engine::SceneObject& object : scene.objects()) {
      plain.root[object.name] = carrier(scene, problem, object.name);
      plain.position[object.name] = position_of(scene, object);
      if (is_seen(scene, object)) plain.seen.insert(object.name);
      plain.box[plain.root[object.name]].add(box_of(scene, object.body));
      // Two of a kind are told apart by where they stand: the words stay true when all move alike.
      if (!categories.insert(object.category).second) plain.together = true;
    }
    for (const engine::SceneFixture& fixture : scene.fixtures()) {
      plain.root[fixture.name] = fixture.name;
      plain.fixtures.insert(fixture.name);
      plain.pose[fixture.name] = fixture.pose;
      plain.box[fixture.name].add(box_of(scene, fixture.body));
    }
    plain.roots = movable(plain, problem);
    plain.order.assign(plain.roots.begin(), plain.roots.end());
    const auto area = [&](const std::string& root) {
      const Vec3 size = plain.box.at(root).high - plain.box.at(root).low;
      return size[0] * size[1];
    };
    std::stable_sort(plain.order.begin(), plain.order.end(),
                     [&](const auto& a, const auto& b) { return area(a) > area(b); });
    return plain;
  }

  // Where the goal is a place on the table only what goes there moves: the words that name the
  // place by its surroundings stay true.
  static std::set<std::string> movable(const Plain& plain, const task::Problem& problem) {
    std::set<std::string> all, bound_for_zones;
    for (const auto& [name, root] : plain.root) all.insert(root);
    for (const task::Predicate& atom : problem.goal) {
      const task::Region* zone =
          atom.args.size() == 2 ? problem.find_region(atom.args[1]) : nullptr;
      if (zone != nullptr && !zone->ranges.empty())
        bound_for_zones.insert(plain.root.at(atom.args[0]));
    }
    return bound_for_zones.empty() ? all : bound_for_zones;
  }

  // One root after the other where it fits among those before it; nullopt when one does not.
  std::optional<Offsets> draw(const engine::Scene& scene, const Plain& plain, double scale,
                              Rng& rng) const {
    constexpr int kTries = 60;
    const auto some = [&](double bound) {
      const double angle = rng.uniform(-std::numbers::pi, std::numbers::pi);
      const double length = scale * bound * rng.uniform(.5, 1);
      return Vec3{length * std::cos(angle), length * std::sin(angle), 0};
    };
    const Vec3 common = some(objects_);
    Offsets offsets;
    Boxes now;  // of what has its place
    for (const auto& [root, box] : plain.box)
      if (!plain.roots.count(root)) now[root] = box;
    for (const std::string& root : plain.order) {
      const bool fixture = plain.fixtures.count(root) > 0, alike = plain.together && !fixture;
      bool found = false;
      for (int attempt = 0; attempt < (alike ? 1 : kTries) && !found; ++attempt) {
        offsets[root] = alike ? common : some(fixture ? fixtures_ : objects_);
        found = fits(scene, plain, now, root, plain.box.at(root).moved(offsets[root]));
      }
      if (!found) return std::nullopt;
      now[root] = plain.box.at(root).moved(offsets[root]);
    }
    return offsets;
  }

  // Not much closer to anything than it was; in reach and in the picture if it was.
  static bool fits(const engine::Scene& scene, const Plain& plain, const Boxes& now,
                   const std::string& root, const Box& box) {
    constexpr double kRoom = 0.03;
    const Box& before = plain.box.at(root);
    if (!plain.fixtures.count(root)) {
      if (in_reach(scene, before) && !in_reach(scene, box)) return false;
      if (in_picture(scene, before, .01) && !in_picture(scene, box, .01)) return false;
    }
    for (const auto& [name, other] : now) {
      const double gap = std::min(gap_between(before, plain.box.at(name)), kRoom);
      if (gap_between(box, other) < gap - 1e-6) return false;
    }
    return hand_fits(scene, now, root, box);
  }

  // On the floor, where groceries lie close: as the plain layout demands.
  static bool hand_fits(const engine::Scene& scene, const Boxes& now, const std::string& root,
                        const Box& box) {
    if (!scene.arena().floor) return true;
    std::vector<engine::Footprint> prints;
    std::optional<engine::Footprint> basket;
    const auto add = [&](const std::string& name, const Box& at) {
      const engine::Footprint print = engine::footprint(
          scene.find(name)->category, {(at.low[0] + at.high[0]) / 2, (at.low[1] + at.high[1]) / 2});
      if (scene.find(name)->category == "basket") {
        basket = print;
      } else {
        prints.push_back(print);
      }
    };
    for (const auto& [name, at] : now) add(name, at);
    add(root, box);
    if (basket) prints.push_back(*basket);  // leaves_room() wants it last
    return engine::leaves_room(prints, .001);
  }

  static Vec3 offset_of(const Plain& plain, const Offsets& offsets, const std::string& name) {
    const auto found = offsets.find(plain.root.at(name));
    return found == offsets.end() ? Vec3{} : found->second;
  }

  static void apply(engine::Scene& scene, const Plain& plain, const Offsets& offsets) {
    for (size_t i = 0; i < scene.fixtures().size(); ++i) {
      const std::string name = scene.fixtures()[i].name;
      engine::FixturePose pose = plain.pose.at(name);
      const Vec3 by = offset_of(plain, offsets, name);
      pose.x += by[0], pose.y += by[1];
      scene.place_fixture(i, pose);
    }
    for (const engine::SceneObject& object : scene.objects()) {
      const Vec3 at = plain.position.at(object.name) + offset_of(plain, offsets, object.name);
      std::copy(at.begin(), at.end(), scene.data()->qpos + object.qpos);
    }
    scene.update_poses();
  }

  double objects_, fixtures_;  // bounds (m)
  uint64_t seed_;
};

}  // namespace

std::unique_ptr<Effect> make_layout_effect(const EffectRequest& request) {
  if (request.spec.source != nullptr) {
    throw Error(ErrorCode::kBadInput, {.where = "variation 'layout'",
                                       .problem = "is made for our own suites only",
                                       .found = "suite '" + request.spec.task.suite + "'"});
  }
  if (request.variation.subkind == "added") return std::make_unique<AddedThings>(request);
  if (request.variation.subkind == "displaced")
    return std::make_unique<DisplacedThings>(request, .03, .01);
  return std::make_unique<DisplacedThings>(request, .09, .02);
}

}  // namespace libra::sim::variation
