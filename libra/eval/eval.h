// eval: rollouts of a policy in environments, and what is said about them: statistics,
// results.json, the HTML report and videos. It sees Env and Policy by interface only (the same code
// serves the simulator, a robot or a remote policy) and includes core, action and runtime; no
// LibTorch, no MuJoCo.
#pragma once

#include "libra/eval/contact_sheet.h"
#include "libra/eval/image_file.h"
#include "libra/eval/machine.h"
#include "libra/eval/report.h"
#include "libra/eval/results.h"
#include "libra/eval/rollout.h"
#include "libra/eval/statistics.h"
#include "libra/eval/video.h"
