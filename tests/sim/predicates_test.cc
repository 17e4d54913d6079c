#include "libra/sim/task/predicates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "libra/core/error.h"

namespace libra::sim {
namespace {

constexpr double kEps = 1e-9;

// A world that is written down by hand.
class PaperWorld : public task::World {
 public:
  std::optional<task::SiteBox> site(std::string_view name) const override {
    const auto it = sites.find(std::string(name));
    return it == sites.end() ? std::nullopt : std::optional(it->second);
  }
  Vec3 body_position(std::string_view name) const override { return bodies.at(std::string(name)); }
  bool contact(std::string_view a, std::string_view b) const override {
    return touching.count({std::string(a), std::string(b)}) > 0 ||
           touching.count({std::string(b), std::string(a)}) > 0;
  }
  bool inside(std::string_view, const Vec3&) const override { return hollow; }
  std::vector<task::JointState> joints(std::string_view name) const override {
    const auto it = joint_states.find(std::string(name));
    return it == joint_states.end() ? std::vector<task::JointState>{} : it->second;
  }

  std::map<std::string, task::SiteBox> sites;
  std::map<std::string, Vec3> bodies;
  std::set<std::pair<std::string, std::string>> touching;
  std::map<std::string, std::vector<task::JointState>> joint_states;
  bool hollow = false;
};

task::Predicate atom(task::PredicateKind kind, std::vector<std::string> args) {
  return {kind, args, {3, 4}};
}

Mat3 about_z(double angle) {
  const double c = std::cos(angle), s = std::sin(angle);
  return {c, -s, 0, s, c, 0, 0, 0, 1};
}

TEST(InSite, BoundsAreStrictAndTheFloorIsLower) {
  task::SiteBox box{.position = {1, 2, 3}, .half_size = {0.1, 0.2, 0.3}};
  const auto at = [&](double x, double y, double z) {
    return task::site_contains(box, {1 + x, 2 + y, 3 + z});
  };
  EXPECT_TRUE(at(0, 0, 0));
  EXPECT_TRUE(at(0.1 - kEps, -0.2 + kEps, 0.3 - kEps));
  EXPECT_FALSE(at(0.1 + kEps, 0, 0));
  EXPECT_FALSE(at(-0.1 - kEps, 0, 0));
  EXPECT_FALSE(at(0, 0.2 + kEps, 0));
  EXPECT_FALSE(at(0, -0.2 - kEps, 0));
  EXPECT_FALSE(at(0, 0, 0.3 + kEps));
  EXPECT_TRUE(at(0, 0, -0.31 + kEps));
  EXPECT_FALSE(at(0, 0, -0.31 - kEps));
  box.position = {0, 0, 0};
  EXPECT_FALSE(task::site_contains(box, {0.1, 0, 0}));  // the bound itself is outside
}

TEST(InSite, ARotatedBoxIsTheImageOfItsHalfSizes) {
  // At 45 degrees the half sizes (0.1, 0.1) map to (0, 0.1414): nothing is inside in x.
  task::SiteBox box{.rotation = about_z(std::acos(-1) / 4), .half_size = {0.1, 0.1, 0.1}};
  EXPECT_FALSE(task::site_contains(box, {0.001, 0, 0}));
  // At 90 degrees the sides swap.
  box.rotation = about_z(std::acos(-1) / 2);
  box.half_size = {0.1, 0.3, 0.1};
  EXPECT_TRUE(task::site_contains(box, {0.29, 0.05, 0}));
  EXPECT_FALSE(task::site_contains(box, {0.05, 0.11, 0}));
}

TEST(InSite, NeedsNoContact) {
  PaperWorld world;
  world.sites["basket_1_contain_region"] = {.half_size = {0.1, 0.1, 0.1}, .parent = "basket_1"};
  world.bodies["milk_1"] = {0, 0, 0};
  const auto goal = atom(task::PredicateKind::kIn, {"milk_1", "basket_1_contain_region"});
  EXPECT_TRUE(holds(goal, world));
  world.bodies["milk_1"] = {0.2, 0, 0};
  EXPECT_FALSE(holds(goal, world));
}

TEST(InObject, NeedsContactAndHollow) {
  PaperWorld world;
  world.bodies["cheese_1"] = {0, 0, 0};
  const auto goal = atom(task::PredicateKind::kIn, {"cheese_1", "bowl_1"});
  world.hollow = true;
  EXPECT_FALSE(holds(goal, world));
  world.touching.insert({"bowl_1", "cheese_1"});
  EXPECT_TRUE(holds(goal, world));
  world.hollow = false;
  EXPECT_FALSE(holds(goal, world));
}

TEST(OnObject, ThreeConditions) {
  PaperWorld world;
  world.bodies["plate_1"] = {0.5, 0.5, 1};
  world.touching.insert({"bowl_1", "plate_1"});
  const auto goal = atom(task::PredicateKind::kOn, {"bowl_1", "plate_1"});
  const auto at = [&](double x, double y, double z) {
    world.bodies["bowl_1"] = {x, y, z};
    return holds(goal, world);
  };
  EXPECT_TRUE(at(0.5, 0.5, 1));  // the same height counts
  EXPECT_FALSE(at(0.5, 0.5, 1 - kEps));
  EXPECT_TRUE(at(0.53 - kEps, 0.5, 1.1));
  EXPECT_FALSE(at(0.53 + kEps, 0.5, 1.1));
  EXPECT_TRUE(at(0.5 + 0.02, 0.5 + 0.022, 1.1));   // 29.7 mm
  EXPECT_FALSE(at(0.5 + 0.02, 0.5 + 0.023, 1.1));  // 30.5 mm
  world.touching.clear();
  EXPECT_FALSE(at(0.5, 0.5, 1.1));
}

TEST(OnSite, SlabAboveTheTopFace) {
  const task::SiteBox box{.position = {1, 1, 1}, .half_size = {0.04, 0.06, 0.007}};
  const auto at = [&](double x, double y, double z) {
    return task::site_supports(box, {1 + x, 1 + y, 1 + z});
  };
  EXPECT_TRUE(at(0, 0, 0.05));
  EXPECT_TRUE(at(0, 0, 0.002 + kEps));
  EXPECT_FALSE(at(0, 0, 0.002 - kEps));
  EXPECT_TRUE(at(0, 0, 0.107 - kEps));
  EXPECT_FALSE(at(0, 0, 0.107 + kEps));
  EXPECT_TRUE(at(0.04 - kEps, -0.06 + kEps, 0.05));
  EXPECT_FALSE(at(0.04 + kEps, 0, 0.05));
  EXPECT_FALSE(at(0, -0.06 - kEps, 0.05));
}

TEST(OnSite, TheOffsetIsTurnedForwards) {
  // Rz(30 deg) turns the offset (cos 30, -sin 30) onto the x axis; its inverse would turn it away.
  const double angle = std::acos(-1) / 6;
  const task::SiteBox box{.rotation = about_z(angle), .half_size = {0.1, 0.01, 0}};
  EXPECT_TRUE(task::site_supports(box, {0.09 * std::cos(angle), -0.09 * std::sin(angle), 0.01}));
  EXPECT_FALSE(task::site_supports(box, {0.09 * std::cos(angle), 0.09 * std::sin(angle), 0.01}));
}

TEST(OnSite, OnlyAParentAsksForContact) {
  PaperWorld world;
  world.sites["zone"] = {.half_size = {0.1, 0.1, 0.01}};
  world.sites["burner"] = {.half_size = {0.1, 0.1, 0.01}, .parent = "flat_stove_1"};
  world.bodies["pot_1"] = {0, 0, 0.05};
  EXPECT_TRUE(holds(atom(task::PredicateKind::kOn, {"pot_1", "zone"}), world));
  EXPECT_FALSE(holds(atom(task::PredicateKind::kOn, {"pot_1", "burner"}), world));
  world.touching.insert({"flat_stove_1", "pot_1"});
  EXPECT_TRUE(holds(atom(task::PredicateKind::kOn, {"pot_1", "burner"}), world));
}

struct Bound {
  task::PredicateKind kind;
  std::string category;
  double yes, no;  // values just inside and just outside
};

class Joints : public ::testing::TestWithParam<Bound> {};

TEST_P(Joints, Threshold) {
  PaperWorld world;
  const auto goal = atom(GetParam().kind, {"x"});
  world.joint_states["x"] = {{GetParam().category, GetParam().yes}};
  EXPECT_TRUE(holds(goal, world));
  world.joint_states["x"] = {{GetParam().category, GetParam().no}};
  EXPECT_FALSE(holds(goal, world));
}

INSTANTIATE_TEST_SUITE_P(
    Thresholds, Joints,
    ::testing::Values(Bound{task::PredicateKind::kOpen, "wooden_cabinet", -0.14 - kEps, -0.14},
                      Bound{task::PredicateKind::kClose, "wooden_cabinet", kEps, 0.0},
                      Bound{task::PredicateKind::kOpen, "white_cabinet", -0.15, -0.13},
                      Bound{task::PredicateKind::kClose, "white_cabinet", 0.005, -0.001},
                      Bound{task::PredicateKind::kOpen, "microwave", -1.3 - kEps, -1.3},
                      Bound{task::PredicateKind::kClose, "microwave", -0.005 + kEps, -0.005},
                      Bound{task::PredicateKind::kTurnOn, "flat_stove", 0.5, 0.5 - kEps},
                      Bound{task::PredicateKind::kTurnOff, "flat_stove", -kEps, 0.0},
                      Bound{task::PredicateKind::kOpen, "short_fridge", 2.0 + kEps, 2.0},
                      Bound{task::PredicateKind::kClose, "short_fridge", -kEps, 0.0},
                      Bound{task::PredicateKind::kOpen, "short_cabinet", 0.1 + kEps, 0.1},
                      Bound{task::PredicateKind::kClose, "short_cabinet", -kEps, 0.0}));

TEST(JointGoal, AnyDrawerOpensAllDrawersClose) {
  PaperWorld world;
  world.joint_states["cab"] = {{"wooden_cabinet", 0.005}, {"wooden_cabinet", -0.15}};
  EXPECT_TRUE(holds(atom(task::PredicateKind::kOpen, {"cab"}), world));
  EXPECT_FALSE(holds(atom(task::PredicateKind::kClose, {"cab"}), world));
  world.joint_states["cab"][1].value = 0.005;
  EXPECT_TRUE(holds(atom(task::PredicateKind::kClose, {"cab"}), world));
}

TEST(JointGoal, AskedOfTheWrongThing) {
  PaperWorld world;
  world.joint_states["stove"] = {{"flat_stove", 1.0}};
  EXPECT_THROW(holds(atom(task::PredicateKind::kOpen, {"stove"}), world), Error);
  EXPECT_THROW(holds(atom(task::PredicateKind::kOpen, {"plate_1"}), world), Error);
}

TEST(Goal, IsAConjunction) {
  PaperWorld world;
  world.joint_states["stove"] = {{"flat_stove", 1.0}};
  world.bodies["a"] = world.bodies["b"] = {0, 0, 0};
  const std::vector<task::Predicate> goal = {atom(task::PredicateKind::kTurnOn, {"stove"}),
                                             atom(task::PredicateKind::kOn, {"a", "b"})};
  EXPECT_FALSE(task::holds_all(goal, world));
  world.touching.insert({"a", "b"});
  EXPECT_TRUE(task::holds_all(goal, world));
  EXPECT_TRUE(task::holds_all({}, world));
}

}  // namespace
}  // namespace libra::sim
