// How many bins: N by learning equilibrium. Few bins are easy to predict and leave the refiner
// nearly everything to do; many leave it nothing and are hard to predict. The paper finds success
// best where both halves find their part equally hard; short probes measure both on held-out
// demonstrations:
//   planner   cross-entropy of the coarse actions / log N: 0 is knowing, 1 is guessing
//   refiner   its loss, told the true intents / the loss of a refiner that is told none (variant
//             vision): 0 is having nothing left to do, 1 is being left with everything
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "libra/training/run.h"

namespace libra::training {

struct Probe {
  int bins = 0;                     // N
  double plan = 0;                  // nats
  double diffusion = 0;             // squared error
  double planner = 0, refiner = 0;  // difficulties
};

struct Granularity {
  std::vector<Probe> probes;  // by N, ascending
  double untold = 0;          // the loss of a refiner that is told no intents
  double balance = 0;         // N where both difficulties are equal, between probes
  int bins = 0;               // the probe nearest to it
};

// Difficulties, balance and choice out of the measured losses. Over log N the lines between probes
// are straight; where they never cross, the end where they are nearest is the balance. Requires: at
// least one probe, N ascending and at least 2; untold > 0.
void balance(Granularity& found);

// Trains a probe of request.config for each N, and one without intents, each for `steps` steps, in
// folders of request.out; those that are finished there are not trained again. Throws as train().
Granularity search_granularity(const RunRequest& request, std::vector<int> bins, int steps,
                               const std::atomic<bool>& stop);

// The two curves and what they say, as a page.
void write_granularity_page(const Granularity& found, const std::string& path);

}  // namespace libra::training
