// Suites by name, ours and LIBERO's, wherever LIBERO is: in checkouts that the user names, or where
// scripts/setup --libero has put it.
#pragma once

#include <string>
#include <vector>

#include "libra/sim/suite.h"

namespace libra::sim::libero {

// Where a user has LIBERO and robosuite 1.4; both empty: scripts/setup --libero brought them, or
// nobody did and there are only our suites.
struct Roots {
  std::string libero, robosuite;
  bool allow_missing_visuals = false;  // as ComposeOptions::allow_missing_visuals
  std::string plus = {};               // a checkout of LIBERO-Plus, whose task files stand there
};

// Ours, then LIBERO's where there is one, and LIBERO-Plus's with it.
std::vector<std::string> suite_names(const Roots& roots);

// Throws Error(kNotFound) that says how to get LIBERO's suites, and as the two load_suite that it
// chooses from.
task::SuiteSpec load_suite(const Roots& roots, const std::string& name);

// "<file>: needed by <task>" or "by N tasks", for files that a suite of LIBERO's lacks and that are
// drawn otherwise; empty for ours.
std::vector<std::string> missing_visuals(const Roots& roots, const std::string& name);

}  // namespace libra::sim::libero
