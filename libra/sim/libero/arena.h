// The arenas of LIBERO: what its problem classes say beyond the scene file, that is where the
// workspace, the robot and the cameras are.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace libra::sim::libero {

struct CameraPose {
  std::array<double, 3> position;
  std::array<double, 4> rotation;  // quaternion w, x, y, z
};

struct TableSize {
  std::array<double, 3> full;      // m
  std::array<double, 3> friction;  // sliding, torsional, rolling
};

struct ArenaFacts {
  std::string_view problem;        // class in the BDDL file
  std::string_view workspace;      // the instance that zones belong to, "main_table"
  std::string_view category;       // of the fixture that stands for the arena and has no model
  std::string_view scene;          // file below assets/scenes
  std::string_view floor, wall;    // files below assets/textures
  std::array<double, 3> origin;    // of the BDDL's coordinates, world (m)
  double fixture_height;           // base of fixtures over the origin (m)
  std::array<double, 3> robot;     // link0, world (m)
  bool pedestal;                   // the robot stands on one
  std::string_view zone_body;      // body that zones are drawn on
  std::array<double, 3> zone;      // of zones on that body, added to their centre (m)
  std::optional<TableSize> table;  // where the scene's table takes its size from here
  CameraPose agentview;
};

std::span<const ArenaFacts> arenas();
// Throws Error(kNotFound) that lists the known problem classes.
const ArenaFacts& find_arena(std::string_view problem, const std::string& where);

}  // namespace libra::sim::libero
