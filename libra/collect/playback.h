// Recorded actions in the simulator again.
#pragma once

#include "libra/data/demo.h"
#include "libra/sim/sim.h"

namespace libra::collect {

struct Playback {
  bool success = false;
  double hand_off = 0;  // m: the farthest that the hand was from where it was recorded
};

// From the demonstration's first state, under its layout and variation. Throws Error(kBadInput) for
// one without states, or whose states are of another scene.
Playback play_back(sim::SimEnv& env, const data::Demo& demo);

}  // namespace libra::collect
