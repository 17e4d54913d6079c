#include "libra/sim/libero/arena.h"

#include <string>
#include <vector>

#include "libra/core/error.h"

namespace libra::sim::libero {
namespace {

constexpr std::array<double, 4> kSteep{0.6380177736282349, 0.3048497438430786, 0.30484986305236816,
                                       0.6380177736282349};
constexpr std::array<double, 4> kFlat{0.6182166934013367, 0.3432307541370392, 0.3432314395904541,
                                      0.6182177066802979};
constexpr std::array<double, 3> kTable{1.0, 1.2, 0.05};

constexpr std::array<ArenaFacts, 6> kArenas{{
    {.problem = "libero_tabletop_manipulation",
     .workspace = "main_table",
     .category = "table",
     .scene = "libero_tabletop_base_style.xml",
     .floor = "light-gray-floor-tile.png",
     .wall = "light-gray-plaster.png",
     .origin = {0, 0, 0.90},
     .fixture_height = -0.04,
     .robot = {-0.66, 0, 0.912},
     .pedestal = true,
     .zone_body = "table",
     .zone = {0, 0, 0.02},
     .table = TableSize{kTable, {0.6, 0.005, 0.0001}},
     .agentview = {{0.6586131746834771, 0, 1.6103500240372423}, kSteep}},
    {.problem = "libero_kitchen_tabletop_manipulation",
     .workspace = "kitchen_table",
     .category = "kitchen_table",
     .scene = "libero_kitchen_tabletop_base_style.xml",
     .floor = "gray_ceramic_tile.png",
     .wall = "yellow_linen_wall_texture.png",
     .origin = {0, 0, 0.90},
     .fixture_height = -0.04,
     .robot = {-0.66, 0, 0.912},
     .pedestal = true,
     .zone_body = "table",
     .zone = {0, 0, 0},
     .table = TableSize{kTable, {1, 0.005, 0.0001}},
     .agentview = {{0.6586131746834771, 0, 1.6103500240372423}, kSteep}},
    {.problem = "libero_study_tabletop_manipulation",
     .workspace = "study_table",
     .category = "study_table",
     .scene = "libero_study_base_style.xml",
     .floor = "light-gray-floor-tile.png",
     .wall = "light-gray-plaster.png",
     .origin = {-0.2, 0, 0.867},
     .fixture_height = -0.04,
     .robot = {-0.75, 0, 0.912},
     .pedestal = true,
     .zone_body = "study_table",
     .zone = {-0.2, 0, 0.867},
     .table = std::nullopt,
     .agentview = {{0.4586131746834771, 0, 1.6103500240372423}, kSteep}},
    {.problem = "libero_living_room_tabletop_manipulation",
     .workspace = "living_room_table",
     .category = "living_room_table",
     .scene = "libero_living_room_tabletop_base_style.xml",
     .floor = "seamless_wood_planks_floor.png",
     .wall = "light-gray-plaster.png",
     .origin = {0, 0, 0.41},
     .fixture_height = -0.014,
     .robot = {-0.51, 0, 0.42},
     .pedestal = false,
     .zone_body = "living_room_table",
     .zone = {0, 0, 0.41},
     .table = std::nullopt,
     .agentview = {{0.6065773716836134, 0, 0.96}, kFlat}},
    {.problem = "libero_coffee_table_manipulation",
     .workspace = "coffee_table",
     .category = "coffee_table",
     .scene = "libero_coffee_table_base_style.xml",
     .floor = "seamless_wood_planks_floor.png",
     .wall = "light-gray-plaster.png",
     .origin = {0, 0, 0.41},
     .fixture_height = -0.014,
     .robot = {-0.51, 0, 0.41},
     .pedestal = false,
     .zone_body = "coffee_table",
     .zone = {0, 0, 0.02},
     .table = std::nullopt,
     .agentview = {{1.5, 0, 0.9}, {0.56, 0.43, 0.43, 0.56}}},
    {.problem = "libero_floor_manipulation",
     .workspace = "floor",
     .category = "floor",
     .scene = "libero_floor_base_style.xml",
     .floor = "light-gray-floor-tile.png",
     .wall = "light-gray-plaster.png",
     .origin = {0, 0, -0.035},
     .fixture_height = -0.025,
     .robot = {-0.6, 0, 0},
     .pedestal = false,
     .zone_body = "floor",
     .zone = {0, 0, 0.02},
     .table = std::nullopt,
     .agentview = {{0.8965773716836134, 5.216182733499864e-07, 0.65}, kFlat}},
}};

}  // namespace

std::span<const ArenaFacts> arenas() { return kArenas; }

const ArenaFacts& find_arena(std::string_view problem, const std::string& where) {
  std::vector<std::string> known;
  for (const ArenaFacts& arena : kArenas) {
    if (arena.problem == problem) return arena;
    known.emplace_back(arena.problem);
  }
  throw Error(ErrorCode::kNotFound,
              {.where = where,
               .problem = "there is no arena for problem class '" + std::string(problem) + "'",
               .expected = join_names(known)});
}

}  // namespace libra::sim::libero
