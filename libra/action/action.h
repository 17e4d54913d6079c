// action: the hybrid action space. Raw actions and proprio are normalised by the statistics of a
// data set, actions are put into coarse bins and taken back to bin centres and residuals, and
// intents are described in plain words, all as the embodiment lays them out. It includes core and
// nothing else; no LibTorch.
#pragma once

#include "libra/action/bins.h"
#include "libra/action/codec.h"
#include "libra/action/describe.h"
#include "libra/action/norm_stats.h"
#include "libra/action/rotation.h"
