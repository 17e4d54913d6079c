#include "libra/sim/expert/table.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "libra/sim/engine/world.h"
#include "libra/sim/expert/skills.h"

namespace libra::sim::expert {
namespace {

// Heights of an underside on the way (m): over things on the table, and over a basket's wall.
constexpr double kOverThings = .12, kOverBasket = .165, kOverEdge = .03;
constexpr double kDrawerLean = .45;  // of the gripper, away from the cabinet over a drawer (rad)

struct Look : View {
  const engine::SceneWorld& world;
  const task::Problem& problem;
};

// The fixture that carries a site, and the joint of the part it is on; -1 none.
struct Carrier {
  const engine::SceneFixture* fixture = nullptr;
  int joint = -1;
};
Carrier carrier_of(const Look& look, const std::string& name) {
  const mjModel* m = look.env.model();
  const int site = mj_name2id(m, mjOBJ_SITE, name.c_str());
  for (const engine::SceneFixture& fixture : look.env.scene().fixtures()) {
    if (fixture.name == name) return {&fixture, fixture.joints.empty() ? -1 : fixture.joints[0]};
    if (site < 0 || m->body_rootid[m->site_bodyid[site]] != fixture.body) continue;
    for (const int joint : fixture.joints)
      if (m->jnt_bodyid[joint] == m->site_bodyid[site]) return {&fixture, joint};
    return {&fixture, -1};
  }
  return {};
}

bool is_cabinet(const Carrier& c) {
  return c.fixture != nullptr && c.fixture->category.ends_with("_cabinet");
}
bool is_drawer(const Carrier& c) { return is_cabinet(c) && c.joint >= 0; }

Mat3 fixture_axes(const Look& look, const engine::SceneFixture& fixture) {
  Mat3 rotation;
  std::copy_n(look.env.data()->xmat + 9 * fixture.body, 9, rotation.begin());
  return rotation;
}
Vec3 in_fixture(const Look& look, const engine::SceneFixture& fixture, const Vec3& local) {
  return position_of(look, fixture) + rotate(fixture_axes(look, fixture), local);
}

// How far over the table an underside must pass where cabinets stand.
double over_fixtures(const Look& look, const Vec3& at) {
  constexpr double kCabinetReach = .27, kCabinetTop = .225;
  double height = look.surface + kOverThings;
  for (const engine::SceneFixture& f : look.env.scene().fixtures()) {
    if (!f.category.ends_with("_cabinet")) continue;
    const Vec3 cabinet = position_of(look, f);
    if (std::hypot(at[0] - cabinet[0], at[1] - cabinet[1]) < kCabinetReach)
      height = look.surface + kCabinetTop + .02;
  }
  return height;
}

// Which of the clauses that fill the same place this one is, and of how many.
std::pair<int, int> share(const Look& look, const task::Predicate& clause) {
  int index = 0, count = 0;
  for (const task::Predicate& other : look.env.goal()) {
    if (other.args.size() < 2 || other.args[1] != clause.args[1]) continue;
    if (&other == &clause || other.args[0] == clause.args[0]) index = count;
    ++count;
  }
  return {index, count};
}

Place on_thing(const Look& look, const Thing& thing, const Thing& under) {
  Place place;
  place.position = {under.position[0], under.position[1], under.position[2]};
  place.cruise = std::max(over_fixtures(look, thing.position), over_fixtures(look, under.position));
  if (under.category == "akita_black_bowl") {
    place.position[2] += .042 + thing.position[2] - thing.bottom();
    place.release = .008;
    return place;
  }
  // Round bodies stand on the middle of the plate by their axis, not by their origin.
  const Vec3 offset =
      has_rim(thing) ? rotate(thing.rotation, measure_cup(look, thing).axis) : Vec3{};
  place.position = place.position - Vec3{offset[0], offset[1], 0} + Vec3{0, 0, .0055};
  return place;
}

Place in_basket(const Look& look, const task::Predicate& clause, const Thing& thing) {
  const auto [index, count] = share(look, clause);
  const Vec3 basket = look.world.body_position("basket_1");
  Place place;
  place.position = {basket[0] + (count > 1 ? .06 * index - .03 : 0.0), basket[1],
                    look.surface + .035 + thing.position[2] - thing.bottom()};
  place.tolerance = .015;
  place.release = .03;
  place.cruise = look.surface + kOverBasket;
  return place;
}

Place in_drawer(const Look& look, const Carrier& c, const Thing& thing) {
  // Height of the drawers' floors; and lower ones are filled near the front, clear of the handles
  // of those above.
  constexpr std::array<double, 3> kFloors{.1592, .0895, .0208};
  const auto level = static_cast<size_t>(c.joint - c.fixture->joints[0]);
  const double joint = look.env.data()->qpos[look.env.model()->jnt_qposadr[c.joint]];
  const double front = -.0648 + joint + thing.half[1] + .003;
  const double middle = .0113 + joint;
  Place place;
  place.position =
      in_fixture(look, *c.fixture, {.0035, level == 0 ? middle : front, kFloors[level] + .001});
  place.tolerance = .006;
  place.release = .006;
  place.cruise = look.surface + .225 + .02;
  return place;
}

Place in_caddy(const Look& look, const Carrier& c, const Thing& book) {
  // The book's own x along the caddy's, so that its thickness fits the slot.
  const Mat3 axes = fixture_axes(look, *c.fixture);
  const Vec3 across = column(axes, 0);
  const double sign = dot(across, column(book.rotation, 0)) > 0 ? 1 : -1;
  Place place;
  place.rotation = from_columns(sign * across, sign * column(axes, 1), {0, 0, 1});
  const Vec3 center = in_fixture(look, *c.fixture, {.0225, .0027, .0210});
  place.position = center - rotate(*place.rotation, {-.0005, -.0121, 0});
  place.tolerance = .005;
  place.release = .03;
  place.cruise = look.surface + .19;
  return place;
}

Place in_rack(const Look& look, const engine::SceneFixture& rack, const Thing& bottle) {
  const Mat3 axes = fixture_axes(look, rack);
  const Vec3 up = rotate(axes, {0, .8660254, .5});       // the slope of the shelf
  const Vec3 normal = rotate(axes, {0, -.5, .8660254});  // away from it
  Place place;
  place.position = in_fixture(look, rack, {0, -.0061, .2512}) - .058 * up +
                   (.0045 + .0200) * normal + Vec3{0, 0, .002};
  const Vec3 side = column(axes, 0);
  // The bottle's axis along the slope; its x, along which the fingers hold it, stays level.
  const Vec3 x = dot(side, column(bottle.rotation, 0)) > 0 ? side : -1 * side;
  place.rotation = from_columns(x, cross(up, x), up);
  place.tolerance = .010;
  place.release = .004;
  place.cruise = look.surface + .36;
  return place;
}

Place in_oven(const Look& look, const engine::SceneFixture& oven, const Thing& thing) {
  Place place;
  // The mug's axis goes there, its handle out of the door.
  const Vec3 front = -1 * column(fixture_axes(look, oven), 1);
  const Cup cup = measure_cup(look, thing);
  const Vec3 handle = rotate(thing.rotation, cup.handle);
  const double turned = std::atan2(cross(handle, front)[2], dot(handle, front));
  constexpr double kFacing = .5;  // rad
  Mat3 rotation = thing.rotation;
  if (std::abs(turned) > kFacing)
    place.rotation = rotation = multiply(matrix(turn('z', turned)), rotation);
  const Vec3 axis = rotate(transpose(fixture_axes(look, oven)), rotate(rotation, cup.axis));
  const Vec3 inside{.008 - axis[0], .0062 - axis[1], .0255};
  place.position = in_fixture(look, oven, inside);
  place.tolerance = .012;
  place.release = .006;
  place.cruise = look.surface + .075;
  // Before it goes in past the open door, it goes to that line (m): held up all the way, as this is
  // no place to let it go.
  constexpr double kBeforeDoor = -.20, kBeside = .014;
  const Vec3 now =
      rotate(transpose(fixture_axes(look, oven)), thing.position - in_fixture(look, oven, {}));
  if (now[1] < kBeforeDoor && std::abs(now[0] - inside[0]) > kBeside) {
    place.position = in_fixture(look, oven, {inside[0], now[1], inside[2]});
    place.position[2] = place.cruise + thing.position[2] - thing.bottom();
    place.tolerance = 0;
  }
  return place;
}

Place on_site(const Look& look, const task::Predicate& clause, const Carrier& c,
              const Thing& thing) {
  const task::SiteBox box = *look.world.site(clause.args[1]);
  const auto [index, count] = share(look, clause);
  Place place;
  place.position = box.position;
  double top = look.surface;
  if (c.fixture != nullptr && c.fixture->category == "flat_stove") {
    top = box.position[2] + .0256;
    if (count > 1) place.position[0] += .094 * index - .047;
    if (thing.category == "moka_pot") place.position[1] += .012;
  } else if (is_cabinet(c)) {
    top = box.position[2] + .0015;
    // Tall things on the near side: the arm is at the end of its reach over the middle.
    constexpr double kTall = .06, kNearer = .05;
    if (thing.half[2] > kTall) place.position[0] -= kNearer;
  }
  place.position[2] = top + thing.position[2] - thing.bottom() + .0005;
  place.cruise = std::max(
      {over_fixtures(look, thing.position), over_fixtures(look, place.position), top + kOverEdge});
  return place;
}

// Where a placing clause wants its thing, and how the gripper is to hold it for that.
struct Errand {
  Place place;
  Plan plan;
};

Errand errand_of(const Look& look, const task::Predicate& clause, const Thing& thing) {
  const std::string& where = clause.args[1];
  Errand e;
  if (!look.world.site(where)) {
    e.place = on_thing(look, thing, see(look, where));
  } else if (where == "basket_1_contain_region") {
    e.place = in_basket(look, clause, thing);
  } else if (const Carrier c = carrier_of(look, where); is_drawer(c)) {
    e.place = in_drawer(look, c, thing);
    // A high drawer reaches over what stands before the cabinet.
    const bool high = c.joint == c.fixture->joints[0];
    e.plan = {Purpose::kDrawer, -1 * column(fixture_axes(look, *c.fixture), 1), kDrawerLean, high};
  } else if (c.fixture != nullptr && c.fixture->category == "desk_caddy") {
    e.place = in_caddy(look, c, thing);
  } else if (c.fixture != nullptr && c.fixture->category == "wine_rack") {
    e.place = in_rack(look, *c.fixture, thing);
    e.plan = {Purpose::kRack, -1 * column(fixture_axes(look, *c.fixture), 1), .80, true};
  } else if (c.fixture != nullptr && c.fixture->category == "microwave") {
    e.place = in_oven(look, *c.fixture, thing);
    e.plan = {Purpose::kOven, -1 * column(fixture_axes(look, *c.fixture), 1), .72};
  } else {
    e.place = on_site(look, clause, c, thing);
  }
  // Out of a drawer the fingers stand along its front, too.
  for (const engine::SceneFixture& f : look.env.scene().fixtures()) {
    if (!f.category.ends_with("_cabinet") || e.plan.purpose != Purpose::kPlace) continue;
    for (const int joint : f.joints) {
      const Drawer drawer = see_drawer(look, f, joint);
      const Vec3 offset = thing.position - drawer.handle;
      const double in = -dot(offset, drawer.front);
      if (drawer.joint < -.05 && in > 0 && in < .19 && std::abs(offset[2]) < .06)
        e.plan = {Purpose::kDrawer, drawer.front, kDrawerLean, true, true};
    }
  }
  return e;
}

// Where in its zone a thing is pushed: not to the middle but to the side from which it comes, so
// that what lies in its way is hit off its middle and gets it stuck less often.
Vec3 near_side(const Look& look, const task::Predicate& clause, const Thing& thing) {
  constexpr double kAside = .020;  // of the middle; half as far as a zone reaches (m)
  Vec3 target = look.world.site(clause.args[1])->position;
  target[0] += std::clamp(thing.position[0] - target[0], -kAside, kAside);
  return target;
}

Move place_thing(const Look& look, const task::Predicate& clause) {
  const Thing thing = see(look, clause.args[0]);
  if (thing.category == "plate") return push_along(look, thing, near_side(look, clause, thing));
  const Errand errand = errand_of(look, clause, thing);
  auto ways = grasps(look, thing, errand.plan);
  const Grasp best = ways.front();
  // Whatever it was taken for, it may be held.
  for (const engine::SceneFixture& f : look.env.scene().fixtures()) {
    if (errand.plan.purpose != Purpose::kPlace || !f.category.ends_with("_cabinet")) continue;
    const Vec3 front = -1 * column(fixture_axes(look, f), 1);
    const auto more = grasps(look, thing, {Purpose::kDrawer, front, kDrawerLean});
    ways.insert(ways.end(), more.begin(), more.end());
  }
  const auto held = std::find_if(ways.begin(), ways.end(),
                                 [&](const Grasp& g) { return expert::holds(look, g); });
  if (is_placed(thing, errand.place) && is_at(look, thing)) return leave(look, &thing);
  if (held != ways.end()) return carry(look, thing, *held, errand.place);
  // The drawer first, if that is where it shall go.
  if (const Carrier c = carrier_of(look, clause.args[1]); is_drawer(c)) {
    const Drawer drawer = see_drawer(look, *c.fixture, c.joint);
    // Below others it must be open as far as it goes, for the thing to pass their bars.
    constexpr double kOpen = -.125, kWide = -.156;
    const bool low = c.joint != c.fixture->joints[0];
    if (low && drawer.joint < kOpen)
      return drawer.joint > kWide ? push_wider(look, drawer) : reach(look, best);
    const bool pulling = at_handle(look, drawer) && look.hand.closed_to(.04);
    if (drawer.joint > (pulling ? -.150 : -.125)) return pull(look, drawer);
    if (at_handle(look, drawer) || before_handle(look, drawer)) return leave(look);
  }
  const Grasp& freest = *std::min_element(
      ways.begin(), ways.end(), [](const auto& a, const auto& b) { return a.blocked < b.blocked; });
  const bool pushing = look.hand.closed_to(.02) && look.hand.approach()[2] > -.9;
  // Light neighbours give way a little by themselves.
  if (freest.blocked > (pushing ? 0 : .0015))
    return push_aside(look, see(look, freest.blocker), thing);
  return reach(look, best);
}

Move work_joint(const Look& look, const task::Predicate& clause) {
  const Carrier c = carrier_of(look, clause.args[0]);
  switch (clause.kind) {
    case task::PredicateKind::kOpen:
      return pull(look, see_drawer(look, *c.fixture, c.joint));
    case task::PredicateKind::kClose:
      if (c.fixture->category == "microwave") return close_door(look, *c.fixture);
      return push_shut(look, see_drawer(look, *c.fixture, c.joint));
    default:
      return turn_knob(look, *c.fixture, clause.kind == task::PredicateKind::kTurnOn);
  }
}

// A clause that holds but whose thing or handle the fingers still touch.
bool still_at(const Look& look, const task::Predicate& clause) {
  if (clause.args.size() == 2) {
    const Thing thing = see(look, clause.args[0]);
    return is_at(look, thing);
  }
  const Carrier c = carrier_of(look, clause.args[0]);
  if (c.fixture->category == "flat_stove") return at_knob(look, *c.fixture);
  return is_drawer(c) && clause.kind == task::PredicateKind::kOpen &&
         before_handle(look, see_drawer(look, *c.fixture, c.joint));
}

// Switches first, then what is carried, low things before those that would stand in the way of the
// palm, then what is shut behind it.
double rank(const SimEnv& env, const task::Predicate& clause) {
  if (clause.args.size() == 2) return 1 + env.scene().find(clause.args[0])->model.half[2];
  return clause.kind == task::PredicateKind::kClose ? 2 : 0;
}

}  // namespace

Action act_on_table(const ExpertConfig& config, const SimEnv& env, bool& done, const char*& phase) {
  const engine::SceneWorld world(env.scene(), env.problem());
  const Look look{{expert::look(env, config)}, world, env.problem()};
  std::vector<const task::Predicate*> clauses;
  for (const task::Predicate& clause : env.goal()) clauses.push_back(&clause);
  std::stable_sort(clauses.begin(), clauses.end(),
                   [&](const task::Predicate* a, const task::Predicate* b) {
                     return rank(env, *a) < rank(env, *b);
                   });
  done = false;
  Move move;
  for (const task::Predicate* clause : clauses) {
    const bool met = holds(*clause, world);
    if (met && !still_at(look, *clause)) continue;
    if (met && clause->args.size() == 2) {
      const Thing thing = see(look, clause->args[0]);
      move = leave(look, &thing);
    } else {
      move = met                        ? leave(look)
             : clause->args.size() == 2 ? place_thing(look, *clause)
                                        : work_joint(look, *clause);
    }
    phase = move.phase;
    return servo(look, move);
  }
  done = look.hand.opened_to(kOpened);
  move = leave(look);
  phase = move.phase;
  return servo(look, move);
}

}  // namespace libra::sim::expert
