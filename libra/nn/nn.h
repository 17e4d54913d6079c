// nn: layers that the networks share, written on LibTorch alone: attention, norms, MLPs, rotary and
// timestep embeddings, diffusion transformer blocks, the diffusion schedules, weight averages and
// learning-rate formulas. Works for any dtype and device; norms and softmax compute in f32. It may
// include core and LibTorch, nothing else.
#pragma once

#include "libra/nn/attention.h"
#include "libra/nn/autocast.h"
#include "libra/nn/diffusion.h"
#include "libra/nn/dit.h"
#include "libra/nn/ema.h"
#include "libra/nn/layers.h"
#include "libra/nn/linear.h"
#include "libra/nn/rope.h"
#include "libra/nn/schedule.h"
#include "libra/nn/timestep.h"
