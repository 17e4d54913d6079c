// Everything a Libra checkpoint folder holds:
//   config.json         LibraVlaConfig, fully resolved
//   model.safetensors   planner.* and refiner.*, bf16
//   norm_stats.json     statistics of the training data
//   tokenizer.model, added_tokens.json
// The weights of a frozen text encoder are not in it: config.json has their hash.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libra/action/norm_stats.h"
#include "libra/model/libra_vla/config.h"
#include "libra/model/libra_vla/planner_net.h"
#include "libra/model/libra_vla/refiner_net.h"
#include "libra/model/safetensors.h"
#include "libra/nn/diffusion.h"
#include "libra/policy/load_policy.h"
#include "libra/policy/transforms.h"

namespace libra::policy {

struct ModelBundle {
  model::LibraVlaConfig config;
  std::shared_ptr<const Transforms> transforms;
  model::PlannerNet planner{nullptr};
  model::RefinerNet refiner{nullptr};
  nn::DiffusionScheduler scheduler;
  std::vector<std::string> unclaimed;  // tensors of the file that no network asked for
  bool narrow_products = false;        // how the CPU multiplies with bf16 matrices (nn/linear.h)
};

// New networks with random weights from torch's global generator. tokenizer_dir holds
// tokenizer.model and, if it needs them, added_tokens.json.
ModelBundle make_bundle(const model::LibraVlaConfig& config, const action::NormStats& stats,
                        const std::string& tokenizer_dir, nn::Fresh fresh = nn::Fresh::kAll);

// Where and in which precision the networks of a checkpoint live.
struct BundleOptions {
  Precision precision = Precision::kF32;
  std::string device = "cpu";  // cpu, cuda, cuda:1
};
// The device of a name: cpu, cuda, cuda:N. Throws Error(kBadInput) when it is not there.
torch::Device find_device(const std::string& name);
// Throws Error(kBadInput) that names `where` and the tensors that hold NaN or infinity. Reads all
// weights: loading does it itself for models of up to 256 million.
void check_weights_finite(const ModelBundle& bundle, const std::string& where);
// More than 256 million weights: held in bf16 unless asked otherwise.
bool is_large(const ModelBundle& bundle);
// Moves both networks.
void move_to(ModelBundle& bundle, torch::Device device);
// Throws Error(kNotFound / kBadInput) naming the file, what was expected and what was found.
ModelBundle load_bundle(const std::string& dir, const BundleOptions& options = {});

// What becomes of a checkpoint's tensors in another model.
struct AdoptedWeights {
  int64_t kept = 0;                      // tensors that fit by name and shape
  std::vector<std::string> fresh, left;  // drawn anew; of the file, not used
};
// New networks of `config` with every weight of the checkpoint in `dir` that fits, and its
// tokenizer: another robot's policy as a start. Throws Error(kNotFound / kBadInput), also when
// nothing fits.
ModelBundle adopt_bundle(const std::string& dir, const model::LibraVlaConfig& config,
                         const action::NormStats& stats, AdoptedWeights& adopted);

// The weights of both networks as checkpoints hold them: planner.* and refiner.*, bf16.
std::vector<model::PendingTensor> bundle_weights(const ModelBundle& bundle);

// The folder is replaced as a whole: a reader never sees a half-written checkpoint.
void save_bundle(const ModelBundle& bundle, const std::string& dir);
// The same with weights that come from elsewhere: all names of the networks, planner.* and
// refiner.*.
void save_bundle(const ModelBundle& bundle, std::vector<model::PendingTensor> weights,
                 const std::string& dir,
                 const std::function<void(const model::PendingTensor&)>& progress = {});

// The configuration of a checkpoint folder. Throws Error(kNotFound / kBadInput).
model::LibraVlaConfig read_bundle_config(const std::string& dir);
action::NormStats read_bundle_stats(const std::string& dir);
// The path of its weights.
std::string weights_path(const std::string& dir);

}  // namespace libra::policy
