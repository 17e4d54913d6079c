// LIBERO-Plus's suites out of a user's checkout, as suites that SimEnv runs like ours: every
// variant is a task of its own, with one trial, and has the category of what it changes.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "libra/sim/libero/checkout.h"
#include "libra/sim/libero/options.h"
#include "libra/sim/libero/plus_name.h"
#include "libra/sim/task/task_spec.h"
#include "libra/sim/variation/preset.h"

namespace libra::sim::libero {

// "libero_plus_spatial", _object, _goal, _10.
const std::vector<std::string>& plus_suites();
bool is_plus_suite(const std::string& name);

// What a variant changes besides its task file.
variation::Preset plus_preset(const PlusName& name);

// `checkout`: Checkout::with_plus. Reads the list of variants and the BDDL files of those that can
// be run; the others are SuiteSpec::left_out. Instructions are the words of the name of LIBERO's
// task; of rewritten ones the task file's :language. Throws Error(kNotFound or kBadInput) for a
// suite and a list that cannot be read, and where no variant can be run.
task::SuiteSpec load_plus_suite(const Checkout& checkout, const std::string& name,
                                const ComposeOptions& options = {});

}  // namespace libra::sim::libero
