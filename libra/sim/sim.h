// sim: the simulated world. Task files in LIBERO's BDDL dialect, suites of them, the floor arena
// with a Panda, groceries and a basket as a MuJoCo model, OSC_POSE control at 20 Hz, two cameras
// rendered without a screen, LIBERO's success predicates, and a scripted expert that solves the
// tasks. It includes core only; MuJoCo and EGL are seen by its source files alone, never by its
// users.
#pragma once

#include "libra/sim/expert/expert.h"
#include "libra/sim/protocol.h"
#include "libra/sim/sim_env.h"
#include "libra/sim/suite.h"
#include "libra/sim/task/bddl.h"
#include "libra/sim/task/predicates.h"
#include "libra/sim/variation/variation.h"
