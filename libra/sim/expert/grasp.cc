#include "libra/sim/expert/grasp.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

#include "libra/sim/expert/skills.h"

namespace libra::sim::expert {
namespace {

constexpr Vec3 kDown{0, 0, -1};

Vec3 horizontal(const Vec3& v) { return (1 / std::hypot(v[0], v[1])) * Vec3{v[0], v[1], 0}; }

const bodies::ObjectModel& model_of(const View& view, const Thing& thing) {
  return view.env.scene().find(thing.name)->model;
}

// A wall to take at the rim, one finger inside and one outside.
struct Rim {
  std::string_view category;
  double outer;      // radius at the rim
  double thickness;  // of the wall there
  double inner;      // free radius at the depth of the tips
  double height;     // of the rim over the origin
};
constexpr std::array<Rim, 5> kRims{{{"akita_black_bowl", .0530, .0040, .0430, .0500},
                                    {"glazed_rim_porcelain_ramekin", .0443, .007, .036, .0433},
                                    {"white_yellow_mug", .0466, .0075, .0391, .1040},
                                    {"porcelain_mug", .0440, .0048, .0392, .1146},
                                    {"red_coffee_mug", .0445, .0065, .0380, .1320}}};
constexpr double kGripBelowRim = .009;

// The middle of the gripper as a radius: on the wall when closed; while open so far in that the
// outer finger is `gap` off the wall and the inner one clear of the wall across. A little ahead of
// the closing fingers, which the arm follows with a lag.
double rim_radius(const Rim& rim, double aperture, double gap) {
  constexpr double kAhead = .020;
  const double wall = rim.outer - rim.thickness / 2;
  const double near = std::min(wall, wall + gap - std::max(0.0, aperture - kAhead) / 2);
  return std::max(near, aperture / 2 + kFingerThick + .004 - rim.inner);
}

// Things and fixtures beside the rim make a direction worse.
double crowding(const View& view, const Thing& thing, const Vec3& direction) {
  double cost = 0;
  const auto add = [&](const Vec3& other, double weight) {
    const Vec3 offset{other[0] - thing.center[0], other[1] - thing.center[1], 0};
    const double distance = norm(offset);
    if (distance < 1e-6) return;
    cost += weight * std::max(0.0, dot(offset, direction) / distance) * std::exp(-distance / .10);
  };
  for (const engine::SceneObject& object : view.env.scene().objects()) {
    if (object.name == thing.name) continue;
    const Thing other = see(view, object.name);
    if (other.top() > thing.bottom() + .02) add(other.center, 2);
  }
  for (const engine::SceneFixture& fixture : view.env.scene().fixtures()) {
    constexpr double kOnTop = .15;  // over the table, where a thing stands on the fixture itself
    if (thing.bottom() > view.surface + kOnTop) continue;
    add(position_of(view, fixture), 3);
    if (!fixture.category.ends_with("_cabinet")) continue;
    for (const int joint : fixture.joints) {
      const Drawer drawer = see_drawer(view, fixture, joint);
      if (drawer.joint < -.05) add(drawer.handle, 4);
    }
  }
  return cost;
}

Grasp rim_grasp(const View& view, const Thing& thing, const Rim& rim, const Cup& cup,
                const Vec3& direction, const Plan& plan) {
  Grasp g;
  const Vec3 outward = rotate(transpose(thing.rotation), direction);
  const double gap = plan.tight ? .005 : plan.purpose == Purpose::kDrawer ? .012 : .026;
  const double radius =
      rim_radius(rim, view.hand.aperture, gap) / std::hypot(outward[0], outward[1]);
  g.point = thing.position +
            rotate(thing.rotation, cup.axis + Vec3{radius * outward[0], radius * outward[1],
                                                   rim.height - kGripBelowRim});
  g.approach = std::cos(plan.lean) * kDown - std::sin(plan.lean) * plan.front;
  g.closing = direction;
  g.width = rim.thickness + (plan.lean > 0 ? .008 : 0);  // leaning pads close on a slanted wall
  g.tolerance = .007;
  g.across = view.hand.room(model_of(view, thing).grip, g.tolerance, 0);
  g.hover = .036;
  g.clear = view.surface + .20;
  g.along = plan.along;
  return g;
}

std::vector<Grasp> rim_grasps(const View& view, const Thing& thing, const Rim& rim,
                              const Plan& plan) {
  std::vector<std::pair<double, Grasp>> ranked;
  const Vec3 base = view.env.scene().arena().robot;
  const Cup cup = measure_cup(view, thing);
  const Vec3 handle = rotate(thing.rotation, cup.handle);
  for (int quarter = 0; quarter < 4; ++quarter) {
    const double angle = quarter * std::numbers::pi / 2;
    Vec3 direction{std::cos(angle), std::sin(angle), 0};
    if (plan.purpose == Purpose::kDrawer) {
      if (quarter % 2 != 0) continue;
      direction = (quarter == 0 ? 1.0 : -1.0) * cross(plan.front, Vec3{0, 0, 1});
    }
    if (dot(direction, handle) > .5) continue;  // it is in the fingers' way
    const Vec3 offset = thing.center + .05 * direction - base;
    const Grasp grasp = rim_grasp(view, thing, rim, cup, direction, plan);
    // The last term keeps to a side once the gripper is there.
    const Vec3 there = view.hand.grip - grasp.point;
    constexpr double kEasyReach = .72, kFarthest = .765;  // from the robot's axis (m)
    const double distance = std::hypot(offset[0], offset[1]);
    const double cost = crowding(view, thing, direction) + distance +
                        10 * std::max(0.0, distance - kEasyReach) +
                        30 * std::max(0.0, distance - kFarthest) + .15 * std::abs(direction[0]) +
                        .5 * std::min(1.0, std::hypot(there[0], there[1]) / .1);
    ranked.emplace_back(cost, grasp);
  }
  std::sort(ranked.begin(), ranked.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Grasp> out;
  for (const auto& [cost, grasp] : ranked) out.push_back(grasp);
  return out;
}

Grasp from_above(const View& view, const Vec3& point, const Vec3& closing, double width,
                 double top) {
  Grasp g;
  g.point = point;
  g.approach = kDown;
  g.closing = closing;
  g.width = width;
  g.tolerance = g.across = view.hand.room(width, .008, .005);
  g.hover = std::max(0.0, top - point[2]) + kTipsBelowGrip + .012;
  g.clear = std::max(view.surface + .20, top + kTipsBelowGrip + .012);
  return g;
}

Grasp leaning(const View& view, const Vec3& point, const Vec3& towards, double lean,
              const Vec3& closing, double width) {
  Grasp g;
  g.point = point;
  g.approach = std::sin(lean) * towards + std::cos(lean) * kDown;
  g.closing = closing;
  g.width = width;
  g.tolerance = .008;
  g.across = view.hand.room(width, g.tolerance, 0);
  g.hover = .07;
  g.clear = view.surface + .26;
  return g;
}

// A horizontal rectangle: half sizes along unit `u` and across it.
struct Rectangle2 {
  Vec3 center{}, u{};
  double along, across;
};

// How far a rectangle reaches into a thing's box, seen from above (m); 0 when they are apart.
double overlap(const Rectangle2& r, const Thing& thing) {
  const Vec3 offset = thing.center - r.center, v{-r.u[1], r.u[0], 0};
  double least = 1;
  for (const Vec3& axis : {Vec3{1, 0, 0}, Vec3{0, 1, 0}, r.u, v}) {
    const double reach = r.along * std::abs(dot(r.u, axis)) + r.across * std::abs(dot(v, axis));
    const double half = thing.half[0] * std::abs(axis[0]) + thing.half[1] * std::abs(axis[1]);
    least = std::min(least, reach + half - std::abs(dot(offset, axis)));
  }
  return std::max(0.0, least);
}

// Looks for the neighbour into which palm or open fingers of a grasp from above reach farthest;
// `top` is that of the thing itself.
void find_blocker(const Hand& hand, std::span<const Thing> neighbours, double top, Grasp& g) {
  constexpr double kPalmAlong = .110, kPalmAcross = .034;
  constexpr double kFingersAcross = .012;
  const double fingers_along = hand.open / 2 + kFingerThick + .002;
  // The palm comes down onto a tall thing itself: neighbours hardly taller than that are none.
  constexpr double kSameHeight = .004;  // m
  const double tips = g.point[2] - kTipsBelowGrip;
  const double palm = std::max(tips + kPalmAboveTips, top + kSameHeight);
  for (const Thing& other : neighbours) {
    double reach = 0;
    if (other.top() > palm) reach = overlap({g.point, g.closing, kPalmAlong, kPalmAcross}, other);
    if (other.top() > tips)
      reach = std::max(reach, overlap({g.point, g.closing, fingers_along, kFingersAcross}, other));
    if (reach > g.blocked) g.blocked = reach, g.blocker = other.name;
  }
}

// Groceries stand or lie as they were put: the fingers close across them, off the middle of a long
// one, askew or square to that where palm or fingers would touch a neighbour. What is held askew
// turns between the fingers.
std::vector<Grasp> grocery_grasps(const View& view, const Thing& thing) {
  constexpr double kGripBelowTop = .035, kLowestGrip = .012, kWidest = .074, kUpright = .95,
                   kLong = 1.3;
  constexpr double kSquare = std::numbers::pi / 2;  // rad
  // Least room on either side of the thing (m): askew its edges wander; square, tins have 4.5 mm.
  constexpr double kRoomAskew = .006, kRoomSquare = .004;
  std::vector<Thing> neighbours;
  for (const engine::SceneObject& object : view.env.scene().objects())
    if (object.name != thing.name) neighbours.push_back(see(view, object.name));
  // In its own axes while it stands as it was put; as its box stands in the world otherwise.
  const bool upright = thing.rotation[8] > kUpright;
  const Vec3 across = upright ? horizontal(column(thing.rotation, 1)) : Vec3{0, 1, 0};
  const Vec3 along{across[1], -across[0], 0};
  const bodies::ObjectModel& model = model_of(view, thing);
  const Vec3 half = upright ? Vec3(model.half) : thing.half;
  const double height = std::max(thing.bottom() + kLowestGrip, thing.top() - kGripBelowTop);
  std::vector<std::pair<double, Grasp>> ranked;
  for (const double askew : {0.0, .2, -.2, .4, -.4, .6, -.6, kSquare}) {
    const Vec3 closing = std::cos(askew) * across + std::sin(askew) * along;
    const bool square = askew == kSquare;
    const double fits =
        square ? half[0] : half[1] / std::cos(askew) + kFingerHalfWidth * std::tan(std::abs(askew));
    if (askew != 0 && fits > view.hand.open / 2 - (square ? kRoomSquare : kRoomAskew)) continue;
    for (const double offset : {0.0, .015, -.015, .030, -.030}) {
      if (offset != 0 &&
          (square || half[0] < kLong * half[1] || std::abs(offset) > half[0] - .0105))
        continue;
      Vec3 point = thing.center + offset * along;
      point[2] = height;
      Grasp g = from_above(view, point, closing, std::min(2 * fits, kWidest), thing.top());
      g.tolerance = g.across = view.hand.room(2 * fits, g.tolerance, .004);
      find_blocker(view.hand, neighbours, thing.top(), g);
      const double twist = angle_between(view.hand.rotation, pointing(g.approach, g.closing));
      ranked.emplace_back(10 * g.blocked + .1 * std::abs(offset) + .01 * std::abs(askew) +
                              .03 * std::min(1.0, twist),
                          g);
    }
  }
  std::sort(ranked.begin(), ranked.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Grasp> out;
  for (const auto& [cost, grasp] : ranked) out.push_back(grasp);
  return out;
}

}  // namespace

Cup measure_cup(const View& view, const Thing& thing) {
  constexpr double kRimDepth = .008;  // walls end that near the top (m)
  constexpr double kBeyond = .015;    // the wall's middle, from where on it is a handle (m)
  const mjModel* m = view.env.model();
  const int body = view.env.scene().find(thing.name)->body;
  const int first = m->body_geomadr[body], end = first + m->body_geomnum[body];
  const auto solid = [&](int geom) { return m->geom_contype[geom] != 0; };
  const auto top_of = [&](int geom) {
    double half = m->geom_rbound[geom];
    if (m->geom_type[geom] == mjGEOM_BOX) {
      Mat3 turn;
      mju_quat2Mat(turn.data(), m->geom_quat + 4 * geom);
      half = 0;
      for (size_t k = 0; k < 3; ++k)
        half += std::abs(turn[6 + k]) * m->geom_size[3 * geom + static_cast<int>(k)];
    }
    return m->geom_pos[3 * geom + 2] + half;
  };
  const auto middle_of = [&](int geom) {
    return Vec3{m->geom_pos[3 * geom], m->geom_pos[3 * geom + 1], 0};
  };
  double top = 0;
  for (int geom = first; geom < end; ++geom)
    if (solid(geom)) top = std::max(top, top_of(geom));
  std::vector<Vec3> rim;
  for (int geom = first; geom < end; ++geom)
    if (solid(geom) && top_of(geom) > top - kRimDepth) rim.push_back(middle_of(geom));
  Cup cup;
  for (const Vec3& wall : rim) cup.axis = cup.axis + (1.0 / double(rim.size())) * wall;
  double radius = 0;
  for (const Vec3& wall : rim) radius = std::max(radius, norm(wall - cup.axis));
  for (int geom = first; geom < end; ++geom) {
    if (!solid(geom)) continue;
    const Vec3 offset = middle_of(geom) - cup.axis;
    const double reach = norm(offset);
    if (reach < std::max(cup.reach, radius + kBeyond)) continue;
    cup.reach = reach;
    cup.handle = (1 / reach) * offset;
  }
  return cup;
}

bool has_rim(const Thing& thing) {
  return std::any_of(kRims.begin(), kRims.end(),
                     [&](const Rim& rim) { return rim.category == thing.category; });
}

bool holds(const View& view, const Grasp& g) {
  const Vec3 off = view.hand.grip - g.point;
  const double along = dot(off, g.approach);
  const double side = norm(off - along * g.approach);
  constexpr double kStalled = -.04;  // m/s; closing on nothing the aperture shrinks at .2
  return side < .016 && std::abs(along) < .016 && view.hand.closed_to(g.width + .0045) &&
         view.hand.speed > kStalled && view.hand.aperture > std::min(.4 * g.width, .0022);
}

Move reach(const View& view, const Grasp& g) {
  const Mat3 rotation = pointing(g.approach, g.closing);
  const Vec3 hover = g.point - g.hover * g.approach;
  const Vec3 off = view.hand.grip - g.point;
  const double back = -dot(off, g.approach);
  const Vec3 beside_it = off + back * g.approach;
  const double side =
      std::max(norm(beside_it), std::abs(dot(beside_it, g.closing)) * g.tolerance / g.across);
  const double over = std::hypot(view.hand.grip[0] - hover[0], view.hand.grip[1] - hover[1]);
  const double twist = angle_between(view.hand.rotation, rotation);
  // A funnel in two parts: beside the grasp, back by `hover`; farther off, up to `clear`.
  const double beside = std::clamp(
      std::max((side - g.tolerance) / (1.5 * g.tolerance), (twist - .12) / .15), 0.0, 1.0);
  const double across = g.along ? side : std::min(side, over);
  const double far = std::clamp(
      std::max((across - 2.5 * g.tolerance) / view.config.funnel, (twist - .25) / .4), 0.0, 1.0);
  const bool around = back < .5 * g.hover && side < 1.8 * g.tolerance && twist < .25;
  const bool aligned = beside == 0 || around;
  Move move;
  move.rotation = rotation;
  move.phase = aligned ? "descend" : "reach";
  move.position = g.point;
  if (!aligned) {
    const Vec3 up = g.along ? (1 / g.approach[2]) * g.approach : Vec3{0, 0, 1};
    const double rise = std::max(0.0, g.clear - hover[2]);
    move.position = g.point - beside * g.hover * g.approach + far * rise * up;
  }
  const bool missed = view.hand.aperture < std::min(.4 * g.width, .0022);
  move.close = aligned && back < .006 && !missed;
  if (move.close) move.phase = "close";
  return move;
}

Move leave(const View& view, const Thing* thing) {
  // Things that fit between the fingers are let go before they are left: the fingers follow an
  // opening command late, and would take them along.
  const double across = thing != nullptr ? 2 * std::min(thing->half[0], thing->half[1]) : 0.0;
  const double wide = across < view.hand.open ? std::max(kOpened, across + .005) : kOpened;
  const bool open = view.hand.opened_to(wide);
  Move move;
  move.position = view.hand.grip - (open ? .08 : 0.0) * view.hand.approach();
  move.rotation = view.hand.rotation;
  move.phase = open ? "retreat" : "release";
  return move;
}

bool is_at(const View& view, const Thing& thing) {
  constexpr double kNear = .020;
  const Vec3 tip = view.hand.grip + kTipsBelowGrip * view.hand.approach();
  for (size_t i = 0; i < 3; ++i) {
    const double reach = thing.half[i] + (i == 2 ? .006 : kNear);
    if (std::abs(tip[i] - thing.center[i]) > reach) return false;
  }
  return true;
}

std::vector<Grasp> grasps(const View& view, const Thing& thing, const Plan& plan) {
  const Vec3 x = horizontal(column(thing.rotation, 0)), y = horizontal(column(thing.rotation, 1));
  const auto at = [&](const Vec3& local) { return thing.position + rotate(thing.rotation, local); };
  const bodies::ObjectModel& model = model_of(view, thing);
  if (plan.purpose == Purpose::kOven) {
    constexpr double kHeight = .0560;  // of the handle's middle (m)
    const Cup cup = measure_cup(view, thing);
    const Vec3 out = horizontal(rotate(thing.rotation, cup.handle));
    Grasp g = leaning(view, at(cup.axis + cup.reach * cup.handle + Vec3{0, 0, kHeight}), -1 * out,
                      plan.lean, cross(Vec3{0, 0, 1}, out), model.held);
    g.hover = .045;  // a mug may stand close behind the palm
    return {g};
  }
  if (plan.purpose == Purpose::kRack) {
    Grasp g = leaning(view, at({0, 0, .0430}), -1 * plan.front, plan.lean, x, model.held);
    g.along = plan.along;
    return {g};
  }
  for (const Rim& rim : kRims)
    if (rim.category == thing.category) return rim_grasps(view, thing, rim, plan);
  if (thing.category == "wine_bottle")
    return {from_above(view, at({0, 0, .1400}), y, model.grip, thing.top())};
  if (thing.category == "moka_pot")
    return {from_above(view, at({0, 0, .0785}), y, model.grip, thing.top())};
  if (thing.category == "black_book")
    return {from_above(view, at({-.0005, -.0121, .1344 - .014}), x, model.grip, thing.top())};
  return grocery_grasps(view, thing);
}

}  // namespace libra::sim::expert
