// The start of an episode on a table: fixtures where their regions say, joints as the init
// predicates say, and then everything else on the table, on each other, on or in the fixtures.
#pragma once

#include "libra/core/rng.h"
#include "libra/sim/engine/scene.h"

namespace libra::sim::engine {

// The body's pose: upright but for the yaw (rad).
void put_object(const Scene& scene, const SceneObject& object, const Vec3& position, double yaw);

// Out of sight and reach, behind the walls.
void put_aside(const Scene& scene, const SceneObject& object);
// Whether things or fixtures overlap by more than settling puts right. Recomputes poses and
// contacts.
bool overlap(const Scene& scene);

// Draws uniformly from the regions and from the joint ranges of the init predicates, again while
// things overlap. Things stand within millimetres of what they rest on; they settle afterwards.
// Objects of the scene that the file does not declare are put aside.
// Starts from the model's reference state. Throws Error(kBadInput) when the
// file does not say where something starts.
void place_scene(Scene& scene, const task::Problem& problem, Rng& rng);

}  // namespace libra::sim::engine
