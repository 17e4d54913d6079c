// LIBERO's own suites out of a user's checkout, as suites that SimEnv runs like ours.
#pragma once

#include <string>
#include <vector>

#include "libra/sim/libero/checkout.h"
#include "libra/sim/libero/options.h"
#include "libra/sim/task/task_spec.h"

namespace libra::sim::libero {

// Instructions of LIBERO's five published suites are the words of the file names, as policies are
// told everywhere; those of every other suite are the task files' :language. Step limits are those
// of the family that the name says ("libero_object_swap" has object's 280), 400 of other suites.
//
// Reads the BDDL files of all tasks, leaving out those that cannot be read; models, meshes and
// stored states are read when an environment is made. In layout "libero" episode e of a task starts
// from stored state e modulo their number (50), with fixtures where (suite, task, seed, episode)
// put them in their regions, since the stored states do not say; in layout "regions" everything is
// drawn from the regions (region_draw.h). Throws Error(kNotFound or kBadInput) as Checkout and
// read_bddl do.
task::SuiteSpec load_suite(const Checkout& checkout, const std::string& name,
                           const ComposeOptions& options = {});

// Of the family that the name of a suite says (control steps).
int step_limit(const std::string& suite);

// Files that a task lacks and that are drawn otherwise, as ComposeOptions::allow_missing_visuals
// has it; empty when everything is there. Makes no environment. Throws as compose().
std::vector<std::string> replaced_visuals(const task::TaskSpec& spec);

}  // namespace libra::sim::libero
