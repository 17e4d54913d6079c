// Everything that decides a training run besides the model and the data.
#pragma once

#include <string>

#include "libra/core/config.h"
#include "libra/preprocess/augment.h"

namespace libra::training {

struct OptimConfig {
  double lr = 1e-3;
  double final_lr_share = 0.02;  // of lr, where the cosine ends
  int warmup_steps = 100;
  int schedule_steps = 0;  // where the cosine ends; 0: with the run
  double beta1 = 0.9, beta2 = 0.95;
  double weight_decay = 0.01;  // on matrices only
  double clip_norm = 1.0;      // of each half's gradient
  double ema_decay = 0.995;
  void list(ConfigFields& f);
};

struct LossConfig {
  double plan = 1.0;             // lambda_plan: cross-entropy of the coarse actions
  double diffusion = 1.0;        // lambda_diff: squared error of the noise
  double pointing = 1.0;         // cross-entropy of the pointing maps
  double keyframe = 1.0;         // L1 of the next keyframe position (dm)
  double rotation_weight = 0.1;  // of the three rotation dimensions in the plan loss
  int noise_draws = 4;           // noise draws per image encoding (repeated diffusion steps)
  void list(ConfigFields& f);
};

// Adaptive intent injection: what the refiner is conditioned on while training.
struct InjectionConfig {
  std::string mode =
      "adaptive";  // adaptive, teacher (ground truth), free (sampled from the planner)
  // adaptive: free once the long moving average of the planner's token accuracy has reached this
  // share of the short one, that is, once accuracy has stopped rising. Relative on purpose: with
  // noisy demonstrations no absolute accuracy is ever reached (docs/model.md).
  double tau = 0.985;
  void list(ConfigFields& f);
};

struct SamplingConfig {
  int early_frames = 4;    // the first frames of a demonstration, where the arm betrays nothing,
  int early_copies = 8;    // are drawn this many extra times
  double held_out = 0.02;  // share of the demonstrations kept for validation
  void list(ConfigFields& f);
};

// Pre-training of the planner's stem and pointing head on still scenes.
struct GroundingConfig {
  int steps = 0;  // planner steps spent on scenes before the demonstrations; 0 = none
  int batch = 32;
  void list(ConfigFields& f);
};

// Observations that are older than the moment their answer is executed, as an asynchronous runtime
// serves them: images d steps old, d drawn from 0 .. the value, proprio of the moment of execution
// (the runtime rolls it forward through the actions already committed; cf. VLASH, and training-time
// real-time chunking).
struct DelayConfig {
  int planner_steps = 0;
  int refiner_steps = 0;
  double share = 1.0;  // of the samples; the others are as fresh as without delays
  bool any() const { return planner_steps > 0 || refiner_steps > 0; }
  void list(ConfigFields& f);
};

struct TrainConfig {
  int steps = 4000;
  int batch = 32;
  int seed = 1;
  int threads = 2;                 // two or more: planner and refiner train on their own threads
  double offload = 0.25;           // share of the planner's samples that the refiner's thread takes
  std::string precision = "auto";  // bf16 (autocast, f32 weights), f32; auto: bf16 where it is fast
  int log_every = 20;
  int validate_every = 500;
  int checkpoint_every = 250;
  OptimConfig optim;
  LossConfig loss;
  InjectionConfig injection;
  SamplingConfig sampling;
  preprocess::AugmentConfig augment;
  GroundingConfig grounding;
  DelayConfig delay;
  void list(ConfigFields& f);
};

}  // namespace libra::training
