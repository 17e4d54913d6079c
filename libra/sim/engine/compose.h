// A scene of Libra's own: the room of a problem class with the robot, the things and the fixtures
// from assets/. Source files only: it includes MuJoCo.
#pragma once

#include <span>

#include "libra/sim/bodies/arena.h"
#include "libra/sim/bodies/spec.h"
#include "libra/sim/engine/scene.h"

namespace libra::sim::engine {

// Fixtures stand where their poses say. Throws Error(kNotFound) for a thing or fixture without a
// body, Error(kBadInput) for a file that is no body, Error(kFailed) when MuJoCo refuses the model.
bodies::Composer::Compiled compose(const bodies::Arena& arena, std::span<const SceneObject> objects,
                                   std::span<const SceneFixture> fixtures);

}  // namespace libra::sim::engine
