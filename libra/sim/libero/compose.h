// One MuJoCo model out of the files of LIBERO and robosuite: arena, Panda, objects and fixtures,
// joined as robosuite joins them, so that joints come in the same order. Source files only: it
// includes MuJoCo.
#pragma once

#include <string>
#include <vector>

#include "libra/sim/bodies/spec.h"
#include "libra/sim/libero/checkout.h"
#include "libra/sim/libero/options.h"
#include "libra/sim/libero/region_draw.h"
#include "libra/sim/task/bddl.h"

namespace libra::sim::libero {

struct ComposedModel {
  bodies::Composer composer;          // to be compiled; files have absolute names
  std::vector<std::string> replaced;  // files that are not there, with allow_missing_visuals
};

// qpos of the model: 7 arm joints, 2 fingers, 7 numbers for every object in the order of the BDDL
// file, then the joints inside fixtures. Bodies are called as their instances, sites
// "<instance>_<site>", zones by the key of their region, the robot's parts as in robosuite
// ("robot0_right_hand", "gripper0_grip_site"), but for the wrist camera, which has our name.
// Fixtures stand at x = y = 0 at their height; where in their regions they stand is for the episode
// to say.
//
// `task` is named in messages. Throws Error(kNotFound) that lists all files the checkouts lack
// (models, and unless allowed meshes and textures), Error(kBadInput) for files of another form.
ComposedModel compose(const task::Problem& problem, const Checkout& checkout,
                      const std::string& task, const ComposeOptions& options = {});

// Of every object and fixture but the supports. Reads their models' files. Throws as compose().
NominalSizes nominal_sizes(const task::Problem& problem, const Checkout& checkout);

// Throws Error(kNotFound) where the problem's class or the model of one of its objects and fixtures
// is not known; opens no model. What compose() would find only when an environment is made.
void require_models(const task::Problem& problem, const Checkout& checkout);

}  // namespace libra::sim::libero
