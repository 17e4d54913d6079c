// sim/engine: a scene that is alive: composed, compiled, painted, drawn, controlled, asked what
// holds; where things stand at the start. It may include core, sim/task and sim/bodies. Most of its
// headers include MuJoCo and are for source files only.
#pragma once

#include "libra/sim/engine/layout.h"
#include "libra/sim/engine/osc.h"
#include "libra/sim/engine/placement.h"
#include "libra/sim/engine/renderer.h"
#include "libra/sim/engine/scene.h"
#include "libra/sim/engine/world.h"
