// The movable things of the table suites, with the sizes and masses of LIBERO's collision models
// and looks of our own. Hollow things are hollow: walls of flat boxes that fingers can straddle.
#pragma once

#include <string>
#include <string_view>

#include "libra/sim/catalogue.h"

namespace libra::sim {

// nullptr when there is none of that category.
const ObjectModel* find_tableware(std::string_view category);
// The categories, for messages.
std::string tableware_names();
// Inertia, geoms and sites of the body.
std::string tableware_mjcf(std::string_view category);

}  // namespace libra::sim
