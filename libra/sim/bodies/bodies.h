// sim/bodies: what there is: the MJCF files of assets/ with what the simulator knows of them, and
// how models are put together (mjSpec). It may include core and sim/task.
#pragma once

#include "libra/sim/bodies/arena.h"
#include "libra/sim/bodies/catalogue.h"
#include "libra/sim/bodies/panda.h"
