#include "libra/sim/expert.h"

#include "libra/sim/expert/basket.h"
#include "libra/sim/expert/table.h"

namespace libra::sim {

void Expert::reset(const SimEnv&) {
  done_ = false;
  phase_ = "reach";
}

Action Expert::act(const SimEnv& env) {
  return env.scene().arena().floor ? act_on_floor(config_, env, done_, phase_)
                                   : act_on_table(config_, env, done_, phase_);
}

}  // namespace libra::sim
