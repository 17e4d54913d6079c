#include "libra/sim/libero/arena.h"

#include <string>
#include <vector>

#include "libra/core/error.h"

namespace libra::sim::libero {
namespace {

constexpr std::string_view kTiles = "light-gray-floor-tile.png";
constexpr std::string_view kCeramic = "gray_ceramic_tile.png";
constexpr std::string_view kPlanks = "seamless_wood_planks_floor.png";
constexpr std::string_view kPlaster = "light-gray-plaster.png";
constexpr std::string_view kLinen = "yellow_linen_wall_texture.png";
constexpr std::array<double, 3> kTable{1.0, 1.2, 0.05};

const std::array<ArenaFiles, 5> kArenas{{
    {"libero_tabletop_manipulation",
     "main_table",
     "libero_tabletop_base_style.xml",
     kTiles,
     kPlaster,
     0.86,
     true,
     "table",
     {0, 0, 0.02},
     TableSize{kTable, {0.6, 0.005, 0.0001}}},
    {"libero_kitchen_tabletop_manipulation",
     "kitchen_table",
     "libero_kitchen_tabletop_base_style.xml",
     kCeramic,
     kLinen,
     0.86,
     true,
     "table",
     {0, 0, 0},
     TableSize{kTable, {1, 0.005, 0.0001}}},
    {"libero_study_tabletop_manipulation",
     "study_table",
     "libero_study_base_style.xml",
     kTiles,
     kPlaster,
     0.827,
     true,
     "study_table",
     {-0.2, 0, 0.867},
     std::nullopt},
    {"libero_living_room_tabletop_manipulation",
     "living_room_table",
     "libero_living_room_tabletop_base_style.xml",
     kPlanks,
     kPlaster,
     0.396,
     false,
     "living_room_table",
     {0, 0, 0.41},
     std::nullopt},
    {"libero_floor_manipulation",
     "floor",
     "libero_floor_base_style.xml",
     kTiles,
     kPlaster,
     -0.06,
     false,
     "floor",
     {0, 0, 0.02},
     std::nullopt},
}};

}  // namespace

const ArenaFiles& arena_files(std::string_view problem) {
  std::vector<std::string> known;
  for (const ArenaFiles& arena : kArenas) {
    if (arena.problem == problem) return arena;
    known.emplace_back(arena.problem);
  }
  throw Error(ErrorCode::kNotFound, {.where = "problem class '" + std::string(problem) + "'",
                                     .problem = "has no arena",
                                     .expected = join_names(known)});
}

}  // namespace libra::sim::libero
