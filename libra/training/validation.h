// How well the networks do on what training never sees.
#pragma once

#include <vector>

#include "libra/training/batch.h"
#include "libra/training/step/objective.h"

namespace libra::training {

struct ValidationReport {
  double plan = 0, accuracy = 0, diffusion = 0;
  // Of the actions that come out in the end, intents by the planner, against the demonstration's:
  // mean squared error of normalised actions; and of the coarse half alone.
  double action_mse = 0, centre_mse = 0;
  std::vector<double> bin_accuracy;  // of each action dimension, over the whole plan
  // At the first frame of held-out demonstrations, over every present item's name:
  double hit = 0;            // share whose planned direction points nearest to the named item
  double direction_deg = 0;  // median angle between planned motion and the named item
  double pointing_px = 0;    // median error of the pointing map's place (px of the image)
};

// Of at most 256 held-out frames, with the weights as they are.
ValidationReport validate(Objective& objective, policy::ModelBundle& model, const Batcher& batcher,
                          int64_t batch);

}  // namespace libra::training
