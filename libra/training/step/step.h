// training/step: what one optimiser step is: samples as tensors, losses, which weights learn, the
// optimiser with averaged weights, adaptive intent injection. It knows no data set, so that a
// program which trains on tensors of its own links without one (bench/gpu_check). It may include
// core, preprocess, nn, model, policy and training/distributed.
#pragma once

#include "libra/training/step/config.h"
#include "libra/training/step/injection.h"
#include "libra/training/step/losses.h"
#include "libra/training/step/objective.h"
#include "libra/training/step/optimizer.h"
#include "libra/training/step/run_config.h"
#include "libra/training/step/samples.h"
#include "libra/training/step/weights.h"
