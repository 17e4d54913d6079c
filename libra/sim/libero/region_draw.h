// The start of an episode as LIBERO's sampler draws it from a task's regions, for demonstrations:
// the stored states, which it drew too, are for evaluations. Source files only: it includes MuJoCo.
#pragma once

#include <map>
#include <string>

#include "libra/core/rng.h"
#include "libra/sim/engine/scene.h"
#include "libra/sim/libero/init_states.h"
#include "libra/sim/task/bddl.h"

namespace libra::sim::libero {

// Fixtures where their regions have them.
void draw_fixtures(const engine::Scene& scene, const task::Problem& problem, Rng& rng);

// What LIBERO's sampler knows of a thing's size: sites of its model, from its origin (m).
struct NominalSize {
  double radius = 0, top = 0, bottom = 0;
};
using NominalSizes = std::map<std::string, NominalSize>;  // by instance

// Everything else: into qpos go places drawn from the regions of the init predicates, joints of
// fixtures drawn from the range that LIBERO draws them from, and the arm at its ready posture with
// LIBERO's deviation. How things stand (orientation, and the height from which they drop) never
// varies in LIBERO and is read off `stored`, as is that range. Fixtures must be in their places.
// Throws Error(kBadInput) that names the task file where it does not say where something starts or
// its regions leave no room.
void draw_start(const engine::Scene& scene, const task::Problem& problem, const NominalSizes& sizes,
                const InitStates& stored, Rng& rng);

}  // namespace libra::sim::libero
