// Noise schedules and the two samplers: DDPM (ancestral) and DDIM. Numbers follow diffusers 0.27
// (DDPMScheduler, DDIMScheduler), with the defaults of Libra-VLA. Prediction type "flow" is flow
// matching with straight paths (rectified flow): level t of T mixes (1 - s) clean + s noise with
// s = (t + 1) / T, the network predicts noise - clean, and a DDIM step is one of Euler.
#pragma once

#include <string>
#include <vector>

#include "libra/core/config.h"
#include "libra/nn/torch.h"

namespace libra::nn {

struct DiffusionConfig {
  int num_train_timesteps = 100;
  std::string beta_schedule = "squaredcos_cap_v2";  // linear, scaled_linear
  double beta_start = 1e-4;                         // not for squaredcos_cap_v2
  double beta_end = 0.02;
  std::string prediction_type = "epsilon";   // sample, v_prediction, flow
  std::string timestep_spacing = "leading";  // trailing, linspace
  int steps_offset = 0;                      // leading spacing only
  bool clip_sample = true;
  double clip_sample_range = 1.0;
  bool set_alpha_to_one = true;               // of the step after the last one (DDIM)
  std::string variance_type = "fixed_small";  // fixed_small_log, fixed_large (DDPM)
  void list(ConfigFields& f);
};

struct DiffusionStep {
  torch::Tensor prev_sample;    // x at the next, less noisy timestep
  torch::Tensor pred_original;  // the predicted x0, clipped when the config says so
};

struct DdimOptions {
  double eta = 0.0;                       // 1: as noisy as DDPM
  bool use_clipped_model_output = false;  // recompute epsilon from the clipped x0
  torch::Tensor noise = {};               // shape of the sample; read when eta > 0
};

class DiffusionScheduler {
 public:
  // Throws Error(kBadInput) for unknown names.
  explicit DiffusionScheduler(const DiffusionConfig& config = {});

  const DiffusionConfig& config() const { return config_; }
  int64_t train_steps() const { return config_.num_train_timesteps; }
  const torch::Tensor& betas() const { return betas_; }                    // [T] f32, CPU
  const torch::Tensor& alphas_cumprod() const { return alphas_cumprod_; }  // [T] f32, CPU

  // sqrt(abar_t) clean + sqrt(1 - abar_t) noise, or the mixture of flow. timestep [B] int64; the
  // others [B, ...].
  torch::Tensor add_noise(const torch::Tensor& clean, const torch::Tensor& noise,
                          const torch::Tensor& timestep) const;
  // sqrt(abar_t) noise - sqrt(1 - abar_t) clean, the target of v_prediction.
  torch::Tensor velocity(const torch::Tensor& clean, const torch::Tensor& noise,
                         const torch::Tensor& timestep) const;
  // What the network is to answer, by prediction_type.
  torch::Tensor target(const torch::Tensor& clean, const torch::Tensor& noise,
                       const torch::Tensor& timestep) const;

  // The timesteps of a run of `steps` steps, descending. Throws Error(kBadInput) unless
  // 1 <= steps <= train_steps().
  std::vector<int64_t> timesteps(int steps) const;

  // One step of a run of `steps` steps: model_output at timestep t for `sample`.
  DiffusionStep ddim_step(const torch::Tensor& model_output, int64_t t, const torch::Tensor& sample,
                          int steps, const DdimOptions& options = {}) const;
  // noise: standard normal, shape of the sample; not read at t = 0.
  DiffusionStep ddpm_step(const torch::Tensor& model_output, int64_t t, const torch::Tensor& sample,
                          int steps, const torch::Tensor& noise) const;

 private:
  // Shares of the clean sample and of noise at a level.
  struct Level {
    float clean, noise;
  };
  Level level(int64_t t) const;
  bool flow() const { return config_.prediction_type == "flow"; }
  // [T] f32: the same of all levels.
  torch::Tensor clean_shares() const, noise_shares() const;
  torch::Tensor predict_original(const torch::Tensor& model_output, const torch::Tensor& sample,
                                 Level level) const;
  float alpha_bar(int64_t t) const;  // f32 entry of the table

  DiffusionConfig config_;
  torch::Tensor betas_, alphas_cumprod_;
};

}  // namespace libra::nn
