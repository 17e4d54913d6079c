// Everything that decides a training run besides the model and the data.
#pragma once

#include <string>
#include <vector>

#include "libra/core/config.h"
#include "libra/preprocess/augment.h"

namespace libra::training {

// How the learning rate goes on after its warm-up.
enum class LrSchedule {
  kCosine,    // down to its final share
  kConstant,  // stays
  kWsd,       // stays, then falls in a straight line to its final share (warm-up, stable, decay)
};

}  // namespace libra::training

template <>
struct libra::Words<libra::training::LrSchedule> {
  using Schedule = libra::training::LrSchedule;
  static constexpr Word<Schedule> list[] = {
      {Schedule::kCosine, "cosine"}, {Schedule::kConstant, "constant"}, {Schedule::kWsd, "wsd"}};
};

namespace libra::training {

// Weights that learn at another pace. The first group whose pattern fits a weight's name has it.
struct OptimGroup {
  std::string pattern = "*";  // shell pattern of names, such as planner.backbone.*
  double lr_scale = 1.0;
  double weight_decay = -1.0;  // negative: as the others
  void list(ConfigFields& f);
};

struct OptimConfig {
  double lr = 1e-3;
  LrSchedule schedule = LrSchedule::kCosine;
  double final_lr_share = 0.02;  // of lr, where the schedule ends
  int warmup_steps = 100;
  int schedule_steps = 0;    // where the schedule ends; 0: with the run
  double decay_share = 0.2;  // wsd: of the schedule's steps, at its end
  double beta1 = 0.9, beta2 = 0.95;
  double weight_decay = 0.01;  // on matrices only
  double clip_norm = 1.0;      // of each half's gradient
  double ema_decay = 0.995;    // 0: no average is kept
  std::vector<OptimGroup> groups;
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

// What the refiner is conditioned on while training.
enum class InjectionMode {
  kAdaptive,  // ground truth, then, once the planner has stopped getting better, its own
  kTeacher,   // ground truth
  kFree,      // sampled from the planner
};

// Of a training step's products; weights and their moments are f32.
enum class TrainPrecision {
  kAuto,  // bf16 where it is fast
  kBf16,  // autocast
  kF32,
};

}  // namespace libra::training

template <>
struct libra::Words<libra::training::TrainPrecision> {
  using Precision = libra::training::TrainPrecision;
  static constexpr Word<Precision> list[] = {
      {Precision::kAuto, "auto"}, {Precision::kBf16, "bf16"}, {Precision::kF32, "f32"}};
};

template <>
struct libra::Words<libra::training::InjectionMode> {
  using Mode = libra::training::InjectionMode;
  static constexpr Word<Mode> list[] = {
      {Mode::kAdaptive, "adaptive"}, {Mode::kTeacher, "teacher"}, {Mode::kFree, "free"}};
};

namespace libra::training {

// Adaptive intent injection.
struct InjectionConfig {
  InjectionMode mode = InjectionMode::kAdaptive;
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

// Low-rank adaptation of linear layers, whose own weights then stay.
struct LoraConfig {
  int rank = 0;  // 0: none
  double alpha = 16.0;
  double dropout = 0.0;
  std::vector<std::string> targets = {"planner.backbone.language_model.*"};  // names of layers
  void list(ConfigFields& f);
};

// Looking at the whole policy while it learns (watch.h). Nothing of it changes what is learnt.
struct WatchConfig {
  int replay_every = 0;     // steps between open-loop replays of held-out demonstrations; 0: none
  int replay_episodes = 4;  // of them
  int eval_every = 0;       // steps between closed-loop evaluations; 0: none
  std::vector<std::string> eval_suites = {"object"};
  std::vector<std::string> eval_tasks;  // names or numbers; none: all of the suites
  std::string eval_layout = "libero";
  int eval_episodes = 2;  // of each task
  // Not 0, which final evaluations use: a checkpoint that was chosen for some initial states
  // flatters itself on them.
  int eval_seed = 17;
  int eval_workers = 0;  // threads, each with its own networks; 0: one a core
  void list(ConfigFields& f);
};

struct TrainConfig {
  int steps = 4000;
  int batch = 32;
  int micro_batch = 0;  // samples of a step that are computed at once; 0: all
  int seed = 1;
  int threads = 2;        // two or more: planner and refiner train on their own threads
  double offload = 0.25;  // share of the planner's samples that the refiner's thread takes
  TrainPrecision precision = TrainPrecision::kAuto;
  bool tf32 = false;  // f32 products of a GPU with 10 bits of mantissa
  int log_every = 20;
  int validate_every = 500;
  int checkpoint_every = 250;
  OptimConfig optim;
  bool renormalise = false;         // with --init: by the data's statistics, not the checkpoint's
  std::vector<std::string> freeze;  // shell patterns of the names of weights that stay
  TrainPrecision frozen = TrainPrecision::kAuto;  // in which weights that stay are held
  bool recompute = false;                         // activation checkpointing
  LoraConfig lora;
  LossConfig loss;
  InjectionConfig injection;
  SamplingConfig sampling;
  preprocess::AugmentConfig augment;
  GroundingConfig grounding;
  DelayConfig delay;
  WatchConfig watch;
  bool skip_nan = false;  // leave out steps that are not finite instead of ending
  void list(ConfigFields& f);
};

}  // namespace libra::training
