// training: demonstrations in, checkpoint out. Losses, adaptive intent injection, optimiser with
// averaged weights, the loop with validation, checkpoints and exact resume. It may include core,
// action, preprocess, media, data, nn, model and policy; nobody but cli includes it, so that a
// robot's binary links without the trainer.
#pragma once

#include "libra/training/batch.h"
#include "libra/training/run.h"
#include "libra/training/step/step.h"
#include "libra/training/trainer.h"
#include "libra/training/watch.h"
