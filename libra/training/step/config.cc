#include "libra/training/step/config.h"

namespace libra::training {

void OptimGroup::list(ConfigFields& f) {
  f.add("pattern", pattern, "of the names of weights, such as planner.backbone.*");
  f.add("lr_scale", lr_scale, "factor on the learning rate", {0, 1000});
  f.add("weight_decay", weight_decay, "AdamW, on matrices only; negative: as the others", {-1, 10});
}

void LoraConfig::list(ConfigFields& f) {
  f.add("rank", rank, "of the adaptation of linear layers; 0: none", {0, 4096});
  f.add("alpha", alpha, "the adaptation counts alpha / rank", {0, 1e5});
  f.add("dropout", dropout, "of what the adaptation reads", {0, 0.9});
  f.add("targets", targets, "shell patterns of the names of layers that are adapted");
}

void OptimConfig::list(ConfigFields& f) {
  f.add("lr", lr, "peak learning rate", {0, 1});
  f.add("schedule", schedule, "of the learning rate after its warm-up");
  f.add("final_lr_share", final_lr_share, "share of lr where the schedule ends", {0, 1});
  f.add("warmup_steps", warmup_steps, "steps of linear warm-up", {0, 1e6});
  f.add("schedule_steps", schedule_steps, "steps until the schedule ends; 0: with the run",
        {0, 1e8});
  f.add("decay_share", decay_share, "wsd: share of the schedule in which lr falls, at its end",
        {0, 1});
  f.add("beta1", beta1, "AdamW", {0, 1});
  f.add("beta2", beta2, "AdamW", {0, 1});
  f.add("weight_decay", weight_decay, "AdamW, on matrices only", {0, 10});
  f.add("clip_norm", clip_norm, "largest gradient norm of each half", {0, 1e6});
  f.add("ema_decay", ema_decay, "exponential moving average of the weights; 0: none is kept",
        {0, 1});
  f.list("group", groups, "weights that learn at another pace");
}

void LossConfig::list(ConfigFields& f) {
  f.add("plan", plan, "weight of the coarse actions' cross-entropy", {0, 1e3});
  f.add("diffusion", diffusion, "weight of the noise's squared error", {0, 1e3});
  f.add("pointing", pointing, "weight of the pointing maps' cross-entropy", {0, 1e3});
  f.add("keyframe", keyframe, "weight of the next keyframe position's L1 (dm)", {0, 1e3});
  f.add("rotation_weight", rotation_weight, "weight of the rotation dimensions in the plan loss",
        {0, 1});
  f.add("noise_draws", noise_draws, "noise draws per image encoding", {1, 64});
}

void InjectionConfig::list(ConfigFields& f) {
  f.add("mode", mode, "intents the refiner is trained on");
  f.add("tau", tau, "adaptive: long over short moving average of the accuracy", {0, 2});
}

void SamplingConfig::list(ConfigFields& f) {
  f.add("early_frames", early_frames, "first frames of a demonstration that are drawn more often",
        {0, 1e4});
  f.add("early_copies", early_copies, "extra times they are drawn", {0, 1e4});
  f.add("held_out", held_out, "share of the demonstrations kept for validation", {0, 0.5});
}

void GroundingConfig::list(ConfigFields& f) {
  f.add("steps", steps, "planner steps on still scenes before the demonstrations", {0, 1e7});
  f.add("batch", batch, "scenes in a step", {1, 4096});
}

void DelayConfig::list(ConfigFields& f) {
  f.add("planner_steps", planner_steps, "planner's images are up to so many control steps old",
        {0, 100});
  f.add("refiner_steps", refiner_steps, "refiner's images are up to so many control steps old",
        {0, 100});
  f.add("share", share, "share of the samples whose images are that old; the others are fresh",
        {0, 1});
}

void WatchConfig::list(ConfigFields& f) {
  f.add("replay_every", replay_every,
        "steps between open-loop replays of held-out demonstrations; 0: none", {0, 1e8});
  f.add("replay_episodes", replay_episodes, "held-out demonstrations that are replayed", {1, 1e6});
  f.add("eval_every", eval_every, "steps between evaluations in the simulator; 0: none", {0, 1e8});
  f.add("eval_suites", eval_suites, "suites that are played");
  f.add("eval_tasks", eval_tasks, "their tasks, by name or number from 0; none: all");
  f.add("eval_layout", eval_layout, "of the suites' items", {"libero", "shuffled"});
  f.add("eval_episodes", eval_episodes, "episodes of each task", {1, 1e5});
  f.add("eval_seed", eval_seed, "of their initial states; not that of the final evaluation",
        {0, 2e9});
  f.add("eval_workers", eval_workers, "threads, each with its own networks; 0: one a core",
        {0, 256});
}

void TrainConfig::list(ConfigFields& f) {
  f.add("steps", steps, "optimiser steps", {1, 1e8});
  f.add("batch", batch, "samples in a step", {1, 65536});
  f.add("micro_batch", micro_batch,
        "samples that are computed at once, their gradients added up (accumulation); 0: all",
        {0, 65536});
  f.add("seed", seed, "of sampling, noise and initial weights", {0, 2e9});
  f.add("threads", threads, "CPU threads", {1, 1024});
  f.add("offload", offload,
        "with 2 threads: share of the planner's samples that the refiner's thread takes", {0, 0.9});
  f.add("precision", precision,
        "of the forward pass, weights stay f32; auto: bf16 where the processor multiplies it");
  f.add("tf32", tf32, "on a GPU, multiply f32 in TF32: faster, with 10 bits of mantissa");
  f.add("log_every", log_every, "steps between lines of log.jsonl", {1, 1e6});
  f.add("validate_every", validate_every, "steps between validations", {1, 1e8});
  f.add("checkpoint_every", checkpoint_every, "steps between checkpoints", {1, 1e8});
  f.add("renormalise", renormalise,
        "with --init: by the statistics of these data, not those of the checkpoint");
  f.add("freeze", freeze, "shell patterns of the names of weights that do not learn");
  f.add("frozen", frozen,
        "how weights that do not learn are held; auto: bf16 in models of more than 256 million");
  f.add("recompute", recompute,
        "activation checkpointing: less memory, a third more time (nn/recompute.h)");
  f.section("lora", lora);
  f.section("optim", optim);
  f.section("loss", loss);
  f.section("injection", injection);
  f.section("sampling", sampling);
  f.section("augment", augment);
  f.section("grounding", grounding);
  f.section("delay", delay);
  f.section("watch", watch);
  f.add("skip_nan", skip_nan, "leave out steps that are not finite, and count them (--skip-nan)");
}

}  // namespace libra::training
