// Demonstrations and scenes -> tensors: the only place in training where data becomes tensors.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "libra/core/rng.h"
#include "libra/data/demo_set.h"
#include "libra/data/scene_set.h"
#include "libra/model/libra_vla/planner_net.h"
#include "libra/model/libra_vla/refiner_net.h"
#include "libra/nn/torch.h"
#include "libra/policy/bundle.h"
#include "libra/training/config.h"

namespace libra::training {

// Where every named thing is, per camera.
struct PointingTargets {
  model::TextQueries named;  // [B, P, L]: an instruction for each present item
  torch::Tensor uv;          // [B, P, C, 2]; not-a-number: not in that image
  torch::Tensor present;     // [B, P] f32
  PointingTargets rows(int64_t first, int64_t count) const;
  PointingTargets to(torch::Device device) const;
};

struct Batch {
  model::PlannerInput planner;  // observation at t (images up to DelayConfig older)
  torch::Tensor bins;           // [B, K, D] int64: the plan's ground truth
  torch::Tensor plan_valid;     // [B, K] f32
  torch::Tensor keyframe;       // [B, 3] dm
  PointingTargets pointing;

  model::RefinerInput refiner;  // observation at t + H * slice (the same)
  torch::Tensor slice;          // [B] int64: which chunk of the plan the refiner works on
  torch::Tensor actions;        // [B, H, D] normalised
  torch::Tensor action_valid;   // [B, H] f32

  // What the planner learns from samples first .. first + count - 1; the refiner's part is left
  // out.
  Batch planner_rows(int64_t first, int64_t count) const;
  Batch to(torch::Device device) const;
};

// Undefined tensors stay undefined.
model::PlannerInput moved(const model::PlannerInput& input, torch::Device device);

struct SceneBatch {
  torch::Tensor pixel_values;  // [B, C, 3, S, S]
  PointingTargets pointing;
  SceneBatch rows(int64_t first, int64_t count) const;
  SceneBatch to(torch::Device device) const;
};

// "What would you do if you were asked for this item?" at the first frame of a demonstration.
struct Question {
  int demo = 0;
  int item = 0;  // index into the demonstration's items
};

struct GroundingTruth {
  double u = 0, v = 0;  // of the asked item in the first camera; not-a-number: not in view
  int named = 0;        // index of the asked item in `direction`
  // From the gripper to each item, in the plane (m).
  std::vector<std::array<double, 2>> direction;
};

// Thread: constant after construction; all calls may come from several threads.
class Batcher {
 public:
  Batcher(const data::DemoSet& demos, const data::SceneSet* scenes,
          const policy::ModelBundle& bundle, const TrainConfig& config);

  // The batch of a step is a pure function of (seed, step): resuming needs no sampler state.
  Batch train(int64_t step) const;
  SceneBatch scenes(int64_t step) const;

  // Held-out samples first .. first + count - 1, unaugmented.
  Batch validation(int64_t first, int64_t count) const;
  int64_t validation_size() const { return static_cast<int64_t>(held_out_.size()); }

  // Every present item of the held-out demonstrations' first frames, at most `limit`.
  std::vector<Question> grounding_questions(size_t limit) const;
  model::PlannerInput ask(const std::vector<Question>& questions) const;
  GroundingTruth truth(const Question& question) const;

 private:
  struct Sample {
    int demo = 0;
    int frame = 0;
    int slice = 0;
    int planner_delay = 0, refiner_delay = 0;  // age of the images (control steps)
  };
  Batch assemble(const std::vector<Sample>& samples, Rng* augment) const;
  // Copies camera images to `out` [C, S, S, 3], changed at random when `augment` is given; uv
  // [items, C, 2] moves along with them when it is given.
  void copy_images(const Image* const* images, Rng* augment, uint8_t* out, float* uv,
                   size_t items) const;
  PointingTargets targets(const std::vector<std::vector<std::string>>& named,
                          const std::vector<std::vector<float>>& uv) const;

  const data::DemoSet& demos_;
  const data::SceneSet* scenes_;
  const policy::ModelBundle& bundle_;
  TrainConfig config_;
  int horizon_, expansion_, max_items_ = 0;
  std::vector<Sample> samples_, held_out_;
  std::vector<int> held_out_demos_;
};

// Statistics by which actions and proprio of a data set are normalised; kind as in ActionConfig.
action::NormStats norm_stats(const data::DemoSet& demos, const std::string& kind);

}  // namespace libra::training
