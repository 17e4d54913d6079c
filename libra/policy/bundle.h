// Everything a Libra checkpoint folder holds:
//   config.json         LibraVlaConfig, fully resolved
//   model.safetensors   planner.* and refiner.*, bf16
//   norm_stats.json     statistics of the training data
//   tokenizer.model, added_tokens.json
#pragma once

#include <memory>
#include <string>

#include "libra/action/norm_stats.h"
#include "libra/model/libra_vla/config.h"
#include "libra/model/libra_vla/planner_net.h"
#include "libra/model/libra_vla/refiner_net.h"
#include "libra/nn/diffusion.h"
#include "libra/policy/transforms.h"

namespace libra::policy {

struct ModelBundle {
  model::LibraVlaConfig config;
  std::shared_ptr<const Transforms> transforms;
  model::PlannerNet planner{nullptr};
  model::RefinerNet refiner{nullptr};
  nn::DiffusionScheduler scheduler;
};

// New networks with random weights from torch's global generator. tokenizer_dir holds
// tokenizer.model and, if it needs them, added_tokens.json.
ModelBundle make_bundle(const model::LibraVlaConfig& config, const action::NormStats& stats,
                        const std::string& tokenizer_dir);
// Throws Error(kNotFound / kBadInput) naming the file, what was expected and what was found.
ModelBundle load_bundle(const std::string& dir);
// The folder is replaced as a whole: a reader never sees a half-written checkpoint.
void save_bundle(const ModelBundle& bundle, const std::string& dir);

}  // namespace libra::policy
