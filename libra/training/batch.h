// Demonstrations and scenes -> tensors: the only place in training where data becomes tensors.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "libra/core/rng.h"
#include "libra/data/episode_set.h"
#include "libra/data/sampler.h"
#include "libra/data/scene_set.h"
#include "libra/data/window.h"
#include "libra/policy/bundle.h"
#include "libra/training/step/config.h"
#include "libra/training/step/samples.h"

namespace libra::training {

// "What would you do if you were asked for this item?" at the first frame of a demonstration.
struct Question {
  int demo = 0;
  int item = 0;  // index into the demonstration's items
};

struct GroundingTruth {
  Proprio state;        // of the robot that is asked
  double u = 0, v = 0;  // of the asked item in the first camera; not-a-number: not in view
  int named = 0;        // index of the asked item in `direction`
  // From the gripper to each item, in the plane (m).
  std::vector<std::array<double, 2>> direction;
};

// Thread: constant after construction; all calls may come from several threads.
class Batcher {
 public:
  // set_weights: the shares in which the data sets are drawn; empty: each frame as often as any.
  Batcher(const data::EpisodeSet& demos, const data::SceneSet* scenes,
          const policy::ModelBundle& bundle, const TrainConfig& config,
          const std::vector<double>& set_weights = {});

  // Samples first .. first + count - 1 of a step's. All that is random about a sample follows from
  // the seed and its number, step x batch + place: resuming needs no sampler state, and it does not
  // matter which samples are made together, or where. Each comes once before any comes again.
  Batch train(int64_t step, int64_t first, int64_t count) const;
  Batch train(int64_t step) const { return train(step, 0, config_.batch); }
  SceneBatch scenes(int64_t step, int64_t first, int64_t count) const;
  SceneBatch scenes(int64_t step) const { return scenes(step, 0, config_.grounding.batch); }

  // Held-out samples first .. first + count - 1, unaugmented.
  Batch validation(int64_t first, int64_t count) const;
  int64_t validation_size() const { return static_cast<int64_t>(held_out_.size()); }

  const data::EpisodeSet& demos() const { return demos_; }
  // Whose frames are kept for validation.
  const std::vector<int>& held_out_demos() const { return held_out_demos_; }

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
  // A random stream a sample changes its pictures; none: they stay as they are.
  Batch assemble(const std::vector<Sample>& samples, std::vector<Rng> augment,
                 std::vector<uint64_t> seeds) const;
  // Changes camera images [C, side, side, 3] at random when `augment` is given; uv [items, C, 2]
  // moves along with them when it is given.
  void change_images(uint8_t* images, int side, Rng* augment, float* uv, size_t items) const;
  PointingTargets targets(const std::vector<std::vector<std::string>>& named,
                          const std::vector<std::vector<float>>& uv) const;

  const data::EpisodeSet& demos_;
  const data::SceneSet* scenes_;
  const policy::ModelBundle& bundle_;
  TrainConfig config_;
  int horizon_, expansion_, max_items_ = 0;
  std::optional<data::Keyframes> keyframes_;
  std::vector<Sample> samples_, held_out_;
  std::optional<data::Sampler> sampler_;  // over samples_
  std::vector<int> held_out_demos_;
};

// Statistics by which actions and proprio of a data set are normalised, and where its bins lie.
action::NormStats norm_stats(const data::EpisodeSet& demos, const Embodiment& embodiment,
                             const model::ActionConfig& config);

}  // namespace libra::training
