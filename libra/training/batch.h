// Demonstrations and scenes -> tensors: the only place in training where data becomes tensors.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>
#include <vector>

#include "libra/data/demo_set.h"
#include "libra/data/scene_set.h"
#include "libra/model/libra_vla/planner_net.h"
#include "libra/model/libra_vla/refiner_net.h"
#include "libra/policy/transforms.h"
#include "libra/training/config.h"

namespace libra::training {

// Where every named thing is, per camera.
struct PointingTargets {
  model::TextQueries named;  // [B, P, L]: an instruction for each present item
  torch::Tensor uv;          // [B, P, C, 2]; not-a-number: not in that image
  torch::Tensor present;     // [B, P] f32
};

struct Batch {
  model::PlannerInput planner;  // observation at t
  torch::Tensor bins;           // [B, K, D] int64: the plan's ground truth
  torch::Tensor plan_valid;     // [B, K] f32
  torch::Tensor keyframe;       // [B, 3] dm
  PointingTargets pointing;

  model::RefinerInput refiner;  // observation at t + H * slice
  torch::Tensor slice;          // [B] int64: which chunk of the plan the refiner works on
  torch::Tensor actions;        // [B, H, D] normalised
  torch::Tensor action_valid;   // [B, H] f32
};

struct SceneBatch {
  torch::Tensor pixel_values;  // [B, C, 3, S, S]
  PointingTargets pointing;
};

// Thread: const, may be called from several threads.
class Batcher {
 public:
  Batcher(const data::DemoSet& demos, const data::SceneSet* scenes, const policy::Transforms& transforms,
          const TrainConfig& config);

  // The batch of a step is a pure function of (seed, step): resuming needs no sampler state.
  Batch train(int64_t step) const;
  SceneBatch scenes(int64_t step) const;
  // Held-out frames, unaugmented, the same at every call.
  Batch validation(int64_t index, int64_t count) const;
  int64_t validation_size() const { return static_cast<int64_t>(held_out_.size()); }
  // The first frame of every held-out demonstration asked for every present item.
  struct Question {
    int demo;
    int item;
  };
  std::vector<Question> grounding_questions(int64_t limit) const;
  model::PlannerInput ask(const std::vector<Question>& questions) const;

  const data::DemoSet& demos() const { return demos_; }
  int64_t train_size() const { return static_cast<int64_t>(samples_.size()); }

 private:
  struct Sample {
    int demo;
    int frame;
  };
  Batch assemble(const std::vector<Sample>& samples, const std::vector<int>& slices, Rng* augment) const;

  const data::DemoSet& demos_;
  const data::SceneSet* scenes_;
  const policy::Transforms& transforms_;
  TrainConfig config_;
  std::vector<Sample> samples_, held_out_;
  std::vector<int> held_out_demos_;
};

}  // namespace libra::training
