// Episodes with a checkpoint while its training goes on: what joins training, which knows no world,
// with the simulator and the rollouts.
#pragma once

#include <atomic>

#include "libra/training/watch.h"

namespace libra::cli {

// What plays the episodes of train.watch: under the schedule that libra eval has without flags.
// Making it throws Error(kNotFound, kBadInput) for suites and tasks that there are not and for a
// robot that is not the simulator's. Ends early once `stop` is set, which must live longer.
training::MakeEvaluate make_evaluate(const std::atomic<bool>& stop);

}  // namespace libra::cli
