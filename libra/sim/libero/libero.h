// sim/libero: the real LIBERO out of a user's checkouts of LIBERO and robosuite. Task lists and
// BDDL files become suites, model files become one MuJoCo model per task, stored initial states are
// read without running their pickle; SimEnv does the rest as for our own suites. docs/libero.md.
#pragma once

#include "libra/sim/libero/any_suite.h"
#include "libra/sim/libero/checkout.h"
#include "libra/sim/libero/init_states.h"
#include "libra/sim/libero/libero_suite.h"
