#include "libra/sim/bodies/arena.h"

#include <array>
#include <vector>

#include "libra/core/error.h"

namespace libra::sim::bodies {
namespace {

constexpr Quat kTableView{.6380177736282349, .3048497438430786, .30484986305236816,
                          .6380177736282349};
constexpr Quat kFloorView{.6182166934013367, .3432307541370392, .3432314395904541,
                          .6182177066802979};

constexpr std::array<Arena, 5> kArenas{{
    {
        "libero_floor_manipulation",
        {0, 0, 0},
        0,
        .02,
        {-.6, 0, 0},
        {.8965773716836134, 5.2e-7, .65},
        kFloorView,
        true,
    },
    {
        "libero_tabletop_manipulation",
        {0, 0, .90},
        .90,
        .895,
        {-.66, 0, .912},
        {.6586131746834771, 0, 1.6103500240372423},
        kTableView,
    },
    {
        "libero_kitchen_tabletop_manipulation",
        {0, 0, .90},
        .90,
        .90,
        {-.66, 0, .912},
        {.6586131746834771, 0, 1.6103500240372423},
        kTableView,
    },
    {
        "libero_living_room_tabletop_manipulation",
        {0, 0, .41},
        .4368,
        .41,
        {-.51, 0, .42},
        {.6065773716836134, 0, .96},
        kFloorView,
    },
    {
        "libero_study_tabletop_manipulation",
        {-.2, 0, .867},
        .8851,
        .867,
        {-.75, 0, .912},
        {.4586131746834771, 0, 1.6103500240372423},
        kTableView,
    },
}};

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

}  // namespace libra::sim::bodies
