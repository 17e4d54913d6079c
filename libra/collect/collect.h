// collect: demonstrations of the scripted expert, disturbed or in turns with a policy (DAgger), and
// still scenes for grounding: from a simulator into a data set. It may include core, data, sim,
// runtime and policy; what is a flag or a file's name is told to it.
#pragma once

#include "libra/collect/collector.h"
#include "libra/collect/demonstrator.h"
#include "libra/collect/playback.h"
