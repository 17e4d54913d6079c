#include "libra/sim/arena.h"

#include <array>
#include <vector>

#include "libra/core/error.h"
#include "libra/sim/mjcf.h"

namespace libra::sim {
namespace {

constexpr Quat kTableView{.6380177736282349, .3048497438430786, .30484986305236816,
                          .6380177736282349};
constexpr Quat kFloorView{.6182166934013367, .3432307541370392, .3432314395904541,
                          .6182177066802979};

constexpr std::array<Arena, 5> kArenas{{
    {"libero_floor_manipulation",
     {0, 0, 0},
     0,
     .02,
     {-.6, 0, 0},
     {.8965773716836134, 5.2e-7, .65},
     kFloorView,
     true,
     "1 1 1 1",
     "1 1 1 1"},
    {"libero_tabletop_manipulation",
     {0, 0, .90},
     .90,
     .895,
     {-.66, 0, .912},
     {.6586131746834771, 0, 1.6103500240372423},
     kTableView,
     false,
     "1 1 1 1",
     "1 1 1 1"},
    {"libero_kitchen_tabletop_manipulation",
     {0, 0, .90},
     .90,
     .90,
     {-.66, 0, .912},
     {.6586131746834771, 0, 1.6103500240372423},
     kTableView,
     false,
     ".72 .72 .75 1",
     "1 .95 .80 1"},
    {"libero_living_room_tabletop_manipulation",
     {0, 0, .41},
     .4368,
     .41,
     {-.51, 0, .42},
     {.6065773716836134, 0, .96},
     kFloorView,
     false,
     ".80 .62 .45 1",
     "1 1 .97 1"},
    {"libero_study_tabletop_manipulation",
     {-.2, 0, .867},
     .8851,
     .867,
     {-.75, 0, .912},
     {.4586131746834771, 0, 1.6103500240372423},
     kTableView,
     false,
     ".85 .85 .88 1",
     ".90 .95 1 1"},
}};

// A table: its top collides, legs and edge are looks.
struct Table {
  double x0, x1, half_y, thickness;
  Color top, leg;
  std::string_view material;  // of the top
};

Table table_of(const Arena& arena) {
  if (arena.problem == "libero_living_room_tabletop_manipulation")
    return {-.40, .48, .67, .024, {.80, .62, .44}, {.45, .32, .22}, "wood"};
  if (arena.problem == "libero_study_tabletop_manipulation")
    return {-.60, .52, .85, .060, {.62, .46, .34}, {.30, .22, .16}, "wood"};
  if (arena.problem == "libero_kitchen_tabletop_manipulation")
    return {-.50, .50, .60, .050, {.86, .84, .80}, {.50, .48, .46}, "floor"};
  return {-.50, .50, .60, .050, {.93, .78, .58}, {.48, .36, .26}, "wood"};
}

std::string surface_geom(const Arena& arena, const Table& t) {
  const Geom top{.at = {(t.x0 + t.x1) / 2, 0, arena.surface - t.thickness / 2},
                 .half = {(t.x1 - t.x0) / 2, t.half_y, t.thickness / 2}};
  // Friction: LIBERO's tabletop, and its other tables.
  const bool plain = arena.problem == "libero_tabletop_manipulation";
  // For contact the top is a plane: nothing is carried over its edge, and boxes rest well on
  // planes.
  const Geom plane{.type = "plane", .at = {0, 0, arena.surface}, .half = {2, 2, .1}};
  return solid(plane, plain ? "friction=\".6 .005 .0001\"" : "friction=\"1 .005 .0001\"") +
         look(top, t.top, "name=\"table_top\" material=\"" + std::string(t.material) + "\"");
}

}  // namespace

const Arena& find_arena(std::string_view problem) {
  std::vector<std::string> known;
  for (const Arena& arena : kArenas) {
    if (arena.problem == problem) return arena;
    known.emplace_back(arena.problem);
  }
  throw Error(ErrorCode::kBadInput, {.where = "scene",
                                     .problem = "there is no arena for this problem class",
                                     .expected = join_names(known),
                                     .found = std::string(problem)});
}

std::string furniture_mjcf(const Arena& arena) {
  if (arena.floor) return "";
  const Table t = table_of(arena);
  std::string out = surface_geom(arena, t);
  const double under = arena.surface - t.thickness;
  for (const double x : {t.x0 + .05, t.x1 - .05})
    for (const double side : {-1.0, 1.0})
      out += look({.at = {x, side * (t.half_y - .05), under / 2}, .half = {.03, .03, under / 2}},
                  t.leg);
  // The stand of the robot, behind the table.
  const double foot = arena.robot[2] / 2;
  out += look({.at = {arena.robot[0] - .06, 0, foot}, .half = {.11, .11, foot}}, {.20, .21, .23});
  out += look({.at = {arena.robot[0] - .06, 0, .02}, .half = {.24, .24, .02}}, {.16, .17, .19});
  return out;
}

}  // namespace libra::sim
