// What LIBERO's problem classes say of their arenas beyond libra/sim/arena.h: which files they are
// made of and where fixtures and zones go.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace libra::sim::libero {

struct TableSize {
  std::array<double, 3> full;      // m
  std::array<double, 3> friction;  // sliding, torsional, rolling
};

struct ArenaFiles {
  std::string_view problem;        // class in the BDDL file
  std::string_view workspace;      // the instance that zones belong to, "main_table"
  std::string_view scene;          // file below assets/scenes
  std::string_view floor, wall;    // files below assets/textures
  double fixture_base;             // height of what fixtures stand on (m)
  bool pedestal;                   // the robot stands on one
  std::string_view zone_body;      // body that zones are drawn on
  std::array<double, 3> zone;      // of zones on that body, added to their centre (m)
  std::optional<TableSize> table;  // where the scene's table takes its size from here
};

// Throws Error(kNotFound) that lists the known problem classes.
const ArenaFiles& arena_files(std::string_view problem);

}  // namespace libra::sim::libero
