// eval: rollouts of a policy in environments, and what is said about them: statistics,
// results.json and the HTML report. It sees Env and Policy by interface only (the same code
// serves the simulator, a robot or a remote policy) and includes core, action, runtime and media;
// no LibTorch, no MuJoCo.
#pragma once

#include "libra/eval/machine.h"
#include "libra/eval/report.h"
#include "libra/eval/results.h"
#include "libra/eval/rollout.h"
#include "libra/eval/statistics.h"
