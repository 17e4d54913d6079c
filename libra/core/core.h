// core: the nouns that every stage reads and writes (embodiments, observations, actions, intents,
// plans), the interfaces Planner, Refiner, Policy and Env that join the stages, and the small tools
// everything leans on: errors, random numbers, clock, histogram, progress bar, configuration lists,
// whole files, and where Libra's own files are.
// It includes no other folder, and no LibTorch, MuJoCo, HDF5 or sockets.
#pragma once

#include "libra/core/config.h"
#include "libra/core/data_root.h"
#include "libra/core/embodiment.h"
#include "libra/core/env.h"
#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/core/histogram.h"
#include "libra/core/intent.h"
#include "libra/core/observation.h"
#include "libra/core/policy.h"
#include "libra/core/progress.h"
#include "libra/core/rng.h"
#include "libra/core/rows.h"
#include "libra/core/words.h"
