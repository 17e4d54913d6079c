#include "libra/sim/expert.h"
namespace libra::sim {
void Expert::reset(const SimEnv&) { done_ = false; }
Action Expert::act(const SimEnv&) { (void)config_; return {}; }
}
