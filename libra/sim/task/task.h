// sim/task: what is to be done: task files (BDDL), predicates, tasks and suites as data. It may
// include core, and knows neither bodies nor physics.
#pragma once

#include "libra/sim/task/bddl.h"
#include "libra/sim/task/predicates.h"
#include "libra/sim/task/task_spec.h"
#include "libra/sim/vec.h"
