// The configuration files in configs/: what the network is and how it is trained.
#pragma once

#include "libra/model/libra_vla/config.h"
#include "libra/training/step/config.h"

namespace libra::training {

struct RunConfig {
  model::LibraVlaConfig model;
  training::TrainConfig train;
  void list(ConfigFields& f) {
    f.section("model", model);
    f.section("train", train);
  }
};

}  // namespace libra::training
