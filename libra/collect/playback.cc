#include "libra/collect/playback.h"

#include <algorithm>
#include <cmath>

#include "libra/core/error.h"

namespace libra::collect {

Playback play_back(sim::SimEnv& env, const data::Demo& demo) {
  if (demo.states.empty()) {
    throw Error(ErrorCode::kBadInput,
                {.where = demo.task + ", episode " + std::to_string(demo.episode),
                 .problem = "has no simulator states, so it cannot be played back"});
  }
  env.reset({.layout = demo.layout,
             .seed = demo.seed,
             .episode = demo.episode,
             .variation = demo.variation});
  env.set_state(demo.states[0]);
  Playback played;
  for (size_t t = 0; t < size_t(demo.frames); ++t) {
    const auto hand = env.eef_position();
    double off = 0;
    for (size_t d = 0; d < 3; ++d) off += std::pow(hand[d] - demo.proprio[t][d], 2);
    played.hand_off = std::max(played.hand_off, std::sqrt(off));
    const auto action = demo.actions[t];
    if (env.step(Action(action.begin(), action.end())).success) played.success = true;
  }
  return played;
}

}  // namespace libra::collect
